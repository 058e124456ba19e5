import type { OpenAPIObject } from '@nestjs/swagger';
import { SubmitOptionsBody } from '@lovage/http-api';
import { type AnyContract, type ContractRegistry } from '@lovage/task';
import { z } from 'zod';
import { SUBMIT_PROBLEMS } from '../problems/problem-lists.ts';
import { answer, EXISTING_TASK, problemResponses, SUBMIT_HEADERS } from './describe.ts';
import { exampleInput } from './example-input.ts';
import { componentRef, hoist, type OpenApiSchema, jsonSchemaOf } from './json-schema.ts';

type Paths = OpenAPIObject['paths'];

/** One typed route for each contract, and the schemas they speak of. */
export function contractPaths(contracts: ContractRegistry): { paths: Paths; schemas: Record<string, OpenApiSchema> } {
  const paths: Paths = {};
  const schemas: Record<string, OpenApiSchema> = {};
  for (const contract of contracts.list()) {
    Object.assign(schemas, schemasOf(contract));
    paths[`/api/tasks/${contract.name}`] = { post: operationOf(contract) };
  }
  return { paths, schemas };
}

function schemasOf(contract: AnyContract): Record<string, OpenApiSchema> {
  const { name } = contract;
  const errors = Object.entries(contract.errors as Record<string, z.ZodType>).map(([type, data]) =>
    hoist(`${name}.error.${type}`, jsonSchemaOf(data, 'output')),
  );
  return Object.assign(
    {
      [`${name}.submit`]: submitSchema(contract),
      [`${name}.task`]: taskSchema(contract),
    },
    hoist(`${name}.input`, jsonSchemaOf(contract.input, 'input')),
    hoist(`${name}.output`, jsonSchemaOf(contract.output, 'output')),
    reportsProgress(contract) ? hoist(`${name}.progress`, jsonSchemaOf(contract.progress, 'output')) : {},
    ...errors,
  );
}

function submitSchema(contract: AnyContract): OpenApiSchema {
  return {
    type: 'object',
    additionalProperties: false,
    required: contract.input.safeParse({}).success ? [] : ['input'],
    properties: {
      input: { $ref: componentRef(`${contract.name}.input`) },
      options: { $ref: componentRef(z.globalRegistry.get(SubmitOptionsBody)!.id!) },
    },
  };
}

/** The task document with the contract's own types. */
function taskSchema(contract: AnyContract): OpenApiSchema {
  const { name } = contract;
  const orNull = (part: string): OpenApiSchema => ({
    anyOf: [{ $ref: componentRef(`${name}.${part}`) }, { type: 'null' }],
  });
  return {
    allOf: [
      { $ref: componentRef('Task') },
      {
        type: 'object',
        properties: {
          name: { const: name },
          result: orNull('output'),
          progress: reportsProgress(contract) ? orNull('progress') : { type: 'null' },
        },
      },
    ],
  };
}

function operationOf(contract: AnyContract): NonNullable<Paths[string]['post']> {
  const { name } = contract;
  const task = { $ref: componentRef(`${name}.task`) };
  const applied = 'The wait that was granted, where one was asked for';
  return {
    operationId: `submit_${name.replaceAll('.', '_')}`,
    summary: contract.summary ?? `Submit ${name}`,
    description: descriptionOf(contract),
    tags: ['submit'],
    security: [{ bearer: [] }],
    parameters: SUBMIT_HEADERS.map(({ name: header, description, schema }) => ({
      name: header,
      in: 'header' as const,
      required: false,
      description,
      schema,
    })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: componentRef(`${name}.submit`) }, ...exampleOf(contract) } },
    },
    responses: {
      '200': answer('With `Prefer: wait`: the task has ended', task, { 'Preference-Applied': applied }),
      '202': answer('Accepted: it cannot be lost any more', task, {
        Location: 'Where the task is to be found',
        'X-Existing-Task': EXISTING_TASK,
        'Preference-Applied': applied,
      }),
      ...problemResponses(['unauthenticated', 'forbidden', ...SUBMIT_PROBLEMS]),
    },
  };
}

function descriptionOf(contract: AnyContract): string {
  const errors = Object.keys(contract.errors as object);
  const declared = errors.map((type) => `- \`${type}\`: data as in schema \`${contract.name}.error.${type}\``);
  return [
    contract.description ?? '',
    errors.length > 0
      ? `May end as FAILURE with one of its declared errors in \`error.type\`:\n${declared.join('\n')}`
      : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Without one Swagger UI would make a body of every option there is, which nobody means. */
function exampleOf(contract: AnyContract): { example?: unknown } {
  const input = exampleInput(contract);
  return input === undefined ? {} : { example: { input } };
}

/** A contract without a progress schema has one that nothing fits. */
export function reportsProgress(contract: AnyContract): boolean {
  return !(contract.progress instanceof z.ZodNever);
}
