import { createRequire } from 'node:module';
import type { OpenAPIObject } from '@nestjs/swagger';
import { allContracts } from '@lovage/contracts';
import type { ContractList, TaskDocument } from '@lovage/http-api';
import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { TestGateway } from '../testing/test-gateway.ts';

type Ajv = new (options: object) => {
  addSchema(schema: object, key: string): void;
  getSchema(ref: string): ((value: unknown) => boolean) & { errors?: unknown };
  compile(schema: object): ((value: unknown) => boolean) & { errors?: unknown };
};
/** JSON Schema 2020-12 by the validator that Fastify brings. */
const inside = (file: string, module: string): string => createRequire(file).resolve(module);
const compiler = inside(inside(import.meta.url, 'fastify'), '@fastify/ajv-compiler');
const Ajv2020 = (createRequire(compiler)('ajv/dist/2020.js') as { default: Ajv }).default;

interface Tree {
  name: string;
  children: Tree[];
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.strictObject({ name: z.string(), children: z.array(Tree) }));
const Colour = z.enum(['red', 'green']).meta({ id: 'Colour' });
/** A contract with all that is hard: recursion, a named part, defaults, no required field, progress and errors. */
const hard = defineTask({
  name: 'test.hard_one',
  version: 3,
  input: z.strictObject({ tree: Tree.optional(), colour: Colour.default('red'), when: z.iso.datetime().optional() }),
  output: Tree,
  progress: z.strictObject({ percent: z.number() }),
  errors: { Sad: z.strictObject({ colour: Colour }), Silent: z.void() },
  defaults: { batch: { size: 20, timeout: '1s' }, retention: { FAILURE: '7d' } },
});

let gateway: TestGateway;
let document: OpenAPIObject;
beforeAll(async () => {
  gateway = await TestGateway.start({ contracts: [...allContracts, hard] });
  document = (await gateway.ask('/openapi.json', { as: null })).json<OpenAPIObject>();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const contracts = [...allContracts, hard];
const postOf = (name: string) => document.paths[`/api/tasks/${name}`]!.post!;

test('it is OpenAPI 3.1', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ title: 'Lovage', version: expect.any(String) });
});

test('every contract has a typed route', () => {
  for (const { name } of contracts) {
    const post = postOf(name);
    expect(post.security).toEqual([{ bearer: [] }]);
    expect(post.requestBody).toMatchObject({
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}.submit` } } },
    });
    for (const status of ['200', '202'])
      expect(post.responses[status]).toMatchObject({
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}.task` } } },
      });
    for (const status of ['400', '401', '403', '413', '415', '422', '503'])
      expect(post.responses[status]).toMatchObject({
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      });
  }
});

test('declared errors are told', () => {
  expect(postOf('math.divide').description).toContain('`DivisionByZero`');
  expect(document.components!.schemas).toHaveProperty(['math.divide.error.DivisionByZero']);
});

test('every route of the controllers is told, with what it answers', () => {
  const routes = [
    '/api/auth/login',
    '/api/users/me',
    '/api/contracts',
    '/api/tasks',
    '/api/tasks/{id}',
    '/api/files',
    '/api/files/{path}',
    '/health/live',
    '/health/ready',
  ];
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(routes));
  for (const item of Object.values(document.paths))
    for (const operation of [item.get, item.post])
      if (operation) {
        expect(operation.summary).toBeTruthy();
        expect(operation.tags).toHaveLength(1);
      }
});

test('operations have names of their own', () => {
  const ids = Object.values(document.paths).flatMap((item) => [item.get, item.post].map((op) => op?.operationId));
  const named = ids.filter((id) => id !== undefined);
  expect(new Set(named).size).toBe(named.length);
  expect(named).toEqual(expect.arrayContaining(['login', 'submit', 'submit_math_divide', 'task']));
});

test('every reference leads somewhere', () => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref!);
  expect(refs.length).toBeGreaterThan(50);
  for (const ref of refs) {
    const found = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
    expect({ ref, found: typeof found }).toEqual({ ref, found: 'object' });
  }
});

test('what the API takes and gives fits the schemas', async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'api');
  const fits = (name: string, value: unknown): unknown => {
    const validate = ajv.getSchema(`api#/components/schemas/${name}`);
    return validate(value) || validate.errors;
  };
  for (const name of Object.keys(document.components!.schemas!)) expect(fits(name, {})).toBeDefined();

  const tree = { name: 'a', children: [{ name: 'b', children: [] }] };
  const body = { input: { tree, colour: 'green' }, options: { delay: '1h' } };
  expect(fits('test.hard_one.submit', body)).toBe(true);
  expect(fits('test.hard_one.submit', {})).toBe(true);
  expect(fits('math.divide.submit', {})).not.toBe(true);
  expect(fits('test.hard_one.submit', { input: { tree: { name: 'a', children: [{}] } } })).not.toBe(true);
  expect(fits('test.hard_one.submit', { input: { colour: 'blue' } })).not.toBe(true);
  const task = (await gateway.ask('/api/tasks/test.hard_one', { body })).json<TaskDocument>();
  expect(fits('test.hard_one.task', task)).toBe(true);
  await gateway.finish(task.id, 'SUCCESS', tree);
  const done = (await gateway.ask(`/api/tasks/${task.id}`)).json<TaskDocument>();
  expect(done.state).toBe('SUCCESS');
  expect(fits('test.hard_one.task', done)).toBe(true);
  expect(fits('test.hard_one.task', { ...done, result: { name: 1 } })).not.toBe(true);
  expect(fits('Problem', (await gateway.ask('/api/nope')).problem())).toBe(true);
  expect(fits('Ready', (await gateway.ask('/health/ready')).json())).toBe(true);
  expect(fits('ContractList', (await gateway.ask('/api/contracts')).json())).toBe(true);
});

test('what Swagger UI offers to send is taken', async () => {
  for (const { name } of contracts) {
    const content = (postOf(name).requestBody as { content: Record<string, { example?: unknown }> }).content;
    const { example } = content['application/json']!;
    expect(example).toBeDefined();
    expect((await gateway.ask(`/api/tasks/${name}`, { body: example })).status).toBe(202);
  }
});

test('the catalogue tells every contract with schemas that stand alone', async () => {
  const { items } = (await gateway.ask('/api/contracts')).json<ContractList>();
  expect(items.map((item) => item.name)).toEqual(contracts.map((contract) => contract.name).sort());
  expect(items.find((item) => item.name === 'math.divide')).toMatchObject({
    version: 1,
    summary: expect.any(String),
    input: { type: 'object', required: ['x', 'y'], additionalProperties: false },
    output: { type: 'number' },
    progress: null,
    errors: { DivisionByZero: { type: 'object' } },
    defaults: { queue: 'default', maxAttempts: 1, timeLimit: null, softTimeLimit: null, expires: null, record: 'full' },
  });
  expect(items.find((item) => item.name === 'math.divide')!.defaults).toMatchObject({
    ...{ ack: 'late', pool: null, batch: null, retention: null },
  });
  const item = items.find(({ name }) => name === 'test.hard_one')!;
  expect(item).toMatchObject({ version: 3, summary: null, progress: { type: 'object' } });
  expect(item.defaults).toMatchObject({
    pool: 'async',
    batch: { size: 20, timeout: 1 },
    retention: { FAILURE: 604_800 },
  });
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(item.output);
  expect(validate({ name: 'a', children: [{ name: 'b', children: [] }] })).toBe(true);
  expect(validate({ name: 'a', children: [{}] })).toBe(false);
});
