import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { PROBLEM_CODES, PROBLEM_MEDIA_TYPE, ProblemDocument, type ProblemCode } from '@lovage/http-api';
import type { z } from 'zod';
import { refTo } from './components.ts';
import { jsonSchemaOf, type OpenApiSchema } from './json-schema.ts';

/** The route takes this body; `example` is what Swagger UI offers to send. */
export const Takes = (schema: z.ZodType, example: unknown): MethodDecorator =>
  ApiBody({ required: true, schema: refTo(schema), examples: { example: { value: example } } });

/** The route answers so, when all is well. */
export const Answers = (status: number, schema: z.ZodType, description: string): MethodDecorator =>
  ApiResponse({ status, ...answer(description, schema) });

/** The route takes these parameters in its query. */
export function Queries(schema: z.ZodType): MethodDecorator {
  const { properties } = jsonSchemaOf(schema, 'input') as { properties: Record<string, OpenApiSchema> };
  return applyDecorators(
    ...Object.entries(properties).map(([name, { description, ...of }]) =>
      ApiQuery({ name, required: false, description: description as string | undefined, schema: of }),
    ),
  );
}

/** The route may answer these problems. */
export function Problems(...codes: ProblemCode[]): MethodDecorator {
  return applyDecorators(
    ...Object.entries(problemResponses(codes)).map(([status, response]) =>
      ApiResponse({ status: Number(status), ...response }),
    ),
  );
}

/** What the header `X-Existing-Task` of an accepted submit means. */
export const EXISTING_TASK =
  'The task was there before: `unique` (it is the same work, and conflicts) or `idempotency-key` (an earlier submit of the key made it)';

/** The route takes `Prefer: wait` and `Idempotency-Key`. */
export const SubmitHeaders = (): MethodDecorator =>
  applyDecorators(...SUBMIT_HEADERS.map(({ name, description, schema }) => ApiHeader({ name, description, schema })));

export const SUBMIT_HEADERS = [
  {
    name: 'Prefer',
    description: 'wait=10: hold the answer back for at most so many seconds (60), until the task has ended',
    schema: { type: 'string' as const, example: 'wait=10' },
  },
  {
    name: 'Idempotency-Key',
    description:
      'The same submit with the same key gives the same task, for 24 hours, per user and contract; another submit with it is refused',
    schema: { type: 'string' as const, minLength: 1, maxLength: 255 },
  },
];

/** OpenAPI's response object for a JSON answer. */
export function answer(description: string, schema: z.ZodType | { $ref: string }, headers?: Record<string, string>) {
  const ref = '$ref' in schema ? schema : refTo(schema as z.ZodType);
  return {
    description,
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [
          name,
          { description: text, schema: { type: 'string' as const } },
        ]),
      ),
    }),
    content: { 'application/json': { schema: ref } },
  };
}

/** OpenAPI's response objects for problems, by status. */
export function problemResponses(codes: readonly ProblemCode[]) {
  const byStatus = new Map<number, ProblemCode[]>();
  // A request that needs the database may find it busy as well as away.
  const all = codes.flatMap((code) => (code === 'store_unavailable' ? [code, 'store_busy' as const] : [code]));
  for (const code of all) {
    const { status } = PROBLEM_CODES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: of.map((code) => `\`${code}\`: ${PROBLEM_CODES[code].title}`).join('\n\n'),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: refTo(ProblemDocument) } },
      },
    ]),
  );
}
