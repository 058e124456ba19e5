import type { ContractCheckDocument } from '@lovage/http-api';
import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const check = async (name: string, body: unknown): Promise<ContractCheckDocument['errors']> => {
  const answer = await gateway.ask(`/api/contracts/${name}/check`, { body });
  expect(answer.status).toBe(200);
  return answer.json<ContractCheckDocument>().errors;
};

test('a check says what a submit would refuse, in its words, and submits nothing', async () => {
  const sent = { input: { x: 1, y: 'two', z: 3 }, options: { priority: 1 } };
  const refused = (await gateway.ask('/api/tasks/math.add', { body: sent })).problem();
  expect(await check('math.add', sent)).toEqual(refused.errors);
  // A submit tells of its body first; a form wants to know all.
  const both = await check('math.add', { ...sent, options: { priority: 11, dely: 1 } });
  expect(both.map(({ path }) => path).sort()).toEqual(
    [...refused.errors.map(({ path }) => path), 'options.priority', 'options.dely'].sort(),
  );
  expect((await check('math.add', { input: { x: 1, y: 2 }, options: { expires: 5, delay: 10 } }))[0]?.path).toBe(
    'options.expires',
  );
  expect((await check('math.add', {})).map(({ path }) => path)).toEqual(['input.x', 'input.y']);
  expect(await check('math.add', { input: null })).toHaveLength(1);
  expect(await check('math.add', { input: { x: 1, y: 2 } })).toEqual([]);
  // What a submit refuses though both schemas fit: a number that no double holds, a queue of Celery.
  for (const text of [
    '{"input":{"seconds":0,"value":9007199254740993}}',
    '{"input":{"seconds":0,"value":1},"options":{"queue":"celeryev"}}',
  ]) {
    const problem = (await gateway.ask('/api/tasks/demo.wait_and_return', { body: text })).problem();
    expect(problem.errors).toHaveLength(1);
    expect(await check('demo.wait_and_return', text)).toEqual(problem.errors);
  }
  const tasks = (await gateway.ask('/api/tasks')).json<{ items: unknown[] }>();
  expect(tasks.items).toEqual([]);
});

test('an unknown contract, a wrong body and a viewer are refused', async () => {
  const ask = (name: string, body: unknown, as: 'viewer' | 'operator' = 'operator') =>
    gateway.ask(`/api/contracts/${name}/check`, { body, as });
  expect((await ask('no.such', {})).problem().code).toBe('contract_unknown');
  expect((await ask('math.add', { inpt: 1 })).problem().code).toBe('body_invalid');
  expect((await ask('math.add', {}, 'viewer')).problem().code).toBe('forbidden');
});
