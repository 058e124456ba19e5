import { z } from 'zod';
import type { ProblemDocument, TaskDocument } from '@lovage/http-api';
import { defineTask } from '@lovage/task';
import { TestGateway } from '../testing/test-gateway.ts';

const SNOWFLAKE = '9007199254740993';
const order = defineTask({
  name: 'test.order',
  input: z.strictObject({
    id: z.bigint(),
    more: z.array(z.coerce.bigint()).optional(),
    n: z.number().optional(),
    any: z.unknown().optional(),
  }),
  output: z.null(),
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ contracts: [order] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const url = '/api/tasks/test.order';

test('a bigint is kept as it was written, and so submitted again', async () => {
  const answer = await gateway.ask(url, { body: `{"input":{"id":${SNOWFLAKE},"more":[-${SNOWFLAKE},1]}}` });
  expect(answer.status).toBe(202);
  const task = answer.json<TaskDocument>();
  expect(task.input).toEqual({ id: SNOWFLAKE, more: [`-${SNOWFLAKE}`, 1] });
  const row = await gateway.store.tasks.get(task.id);
  expect(row!.input).toEqual({ id: SNOWFLAKE, more: [`-${SNOWFLAKE}`, 1] });
  const again = await gateway.ask(url, { body: JSON.stringify({ input: row!.input }) });
  expect(again.status).toBe(202);
  // Small ones, and those that JavaScript prints rounded.
  for (const id of ['5', '9223372036854776000'])
    expect((await gateway.ask(url, { body: `{"input":{"id":${id}}}` })).status).toBe(202);
});

test('an idempotency key tells two apart that a double does not', async () => {
  const ask = (id: string) =>
    gateway.ask(url, { body: `{"input":{"id":${id}}}`, headers: { 'idempotency-key': 'order' } });
  expect((await ask(SNOWFLAKE)).status).toBe(202);
  expect((await ask(SNOWFLAKE)).status).toBe(202);
  expect((await ask('9007199254740992')).json<ProblemDocument>()).toMatchObject({ code: 'idempotency_key_reused' });
});

test.each([
  ['a number', `{"id":1,"n":${SNOWFLAKE}}`, 'input.n'],
  ['anything', `{"id":1,"any":{"deep":[${SNOWFLAKE}]}}`, 'input.any.deep.0'],
])('where the contract asks for %s it is refused with its path, alone and in a batch', async (_, input, path) => {
  const problem = (await gateway.ask(url, { body: `{"input":${input}}` })).json<ProblemDocument>();
  expect(problem).toMatchObject({ status: 422, code: 'input_invalid' });
  expect(problem.errors![0]!.path).toBe(path);
  const batch = await gateway.ask('/api/tasks/batch', { body: `{"tasks":[{"name":"test.order","input":${input}}]}` });
  expect(JSON.stringify(batch.json())).toContain(path);
});
