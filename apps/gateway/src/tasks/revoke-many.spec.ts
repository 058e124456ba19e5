import { newId } from '@lovage/foundation';
import type { RevokeManyAnswer } from '@lovage/http-api';
import { TestGateway } from '../testing/test-gateway.ts';

const NONE = { revoked: 0, cancelRequested: 0, marked: 0, running: 0, ended: 0, unknown: 0, nextCursor: null };

const submit = async (gateway: TestGateway, options: object = {}, name = 'math.add'): Promise<string> =>
  (await gateway.ask(`/api/tasks/${name}`, { body: { input: { x: 1, y: 2 }, options } })).json().id;
const revoke = (gateway: TestGateway, body: unknown) => gateway.ask('/api/tasks/revoke', { body });
const stateOf = async (gateway: TestGateway, id: string) => (await gateway.ask(`/api/tasks/${id}`)).json().state;
const start = (gateway: TestGateway, id: string) =>
  gateway.db.query(
    `update tasks set state = 'STARTED', claim_worker = $2, claim_no = 1, worker = 'w1', started_at = now() where id = $1`,
    [id, newId()],
  );

test('by ids: each is counted by what became of it, and who and why are kept', async () => {
  await using gateway = await TestGateway.start();
  const ids = [await submit(gateway), await submit(gateway, { delay: '1h' }), await submit(gateway)];
  const ended = await submit(gateway);
  await gateway.finish(ended, 'SUCCESS', 3);
  await start(gateway, ids[2]!);
  const answer = await revoke(gateway, { ids: [...ids, ended, newId(), 'no-uuid'], reason: 'mistake' });
  expect([answer.status, answer.json<RevokeManyAnswer>()]).toEqual([
    200,
    { ...NONE, revoked: 2, running: 1, ended: 1, unknown: 2 },
  ]);
  expect((await gateway.ask(`/api/tasks/${ids[0]}`)).json()).toMatchObject({
    state: 'REVOKED',
    error: { type: 'Revoked', message: 'mistake', data: { actor: gateway.userId, reason: 'mistake' } },
  });
  expect(await stateOf(gateway, ids[2]!)).toBe('STARTED');
  const cancelRequested = await revoke(gateway, { ids, terminate: true });
  expect(cancelRequested.json()).toEqual({ ...NONE, cancelRequested: 1, marked: 1, ended: 2 });
  expect(await gateway.db.query('select action, target, detail from audit order by id')).toMatchObject([
    { action: 'task.revoke_many', target: null, detail: { ids: 6, reason: 'mistake', revoked: 2, unknown: 2 } },
    { action: 'task.revoke_many', detail: { ids: 3, terminate: true, cancelRequested: 1 } },
  ]);
});

test('by a filter: all that match and live', async () => {
  await using gateway = await TestGateway.start();
  const mine = [await submit(gateway, { delay: '1h' }), await submit(gateway)];
  const others = [await submit(gateway, {}, 'math.divide'), await submit(gateway, { queue: 'elsewhere' })];
  const filter = { name: 'math.add', queue: 'default', state: ['QUEUED', 'SCHEDULED'], user: gateway.userId };
  expect((await revoke(gateway, { filter })).json()).toEqual({ ...NONE, revoked: 2 });
  for (const id of mine) expect(await stateOf(gateway, id)).toBe('REVOKED');
  for (const id of others) expect(await stateOf(gateway, id)).toBe('QUEUED');
  expect(await gateway.db.query('select detail from audit')).toMatchObject([
    { detail: { filter: { name: 'math.add', queue: 'default' }, revoked: 2 } },
  ]);
});

test('by a filter in parts: each request goes on where the one before ended', async () => {
  await using gateway = await TestGateway.start();
  for (let n = 0; n < 5; n += 1) await submit(gateway);
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const body = { filter: { queue: 'default' }, limit: 2, cursor };
    const answer = (await revoke(gateway, body)).json<RevokeManyAnswer>();
    seen.push(answer.revoked);
    cursor = answer.nextCursor ?? undefined;
  } while (cursor);
  expect(seen).toEqual([2, 2, 1]);
});

test.each<[string, unknown, string]>([
  ['nothing', {}, 'body_invalid'],
  ['both', { ids: ['a'], filter: { queue: 'default' } }, 'body_invalid'],
  ['no ids', { ids: [] }, 'body_invalid'],
  ['too many ids', { ids: Array.from({ length: 1001 }, () => 'a') }, 'body_invalid'],
  ['an id that is no text', { ids: [1] }, 'body_invalid'],
  ['a filter that names nothing: it would mean all tasks there are', { filter: {} }, 'body_invalid'],
  ['an unknown condition', { filter: { colour: 'red' } }, 'body_invalid'],
  ['an unknown state', { filter: { state: 'LOST' } }, 'body_invalid'],
  ['an invalid time', { filter: { createdTo: 'yesterday' } }, 'body_invalid'],
  ['a limit of nothing', { filter: { queue: 'default' }, limit: 0 }, 'body_invalid'],
  ['a reason with NUL', { filter: { queue: 'default' }, reason: 'a\0b' }, 'body_invalid'],
  ['an unknown field', { filter: { queue: 'default' }, because: 'x' }, 'body_invalid'],
  ['an invalid cursor', { filter: { queue: 'default' }, cursor: 'xyz' }, 'query_invalid'],
])('%s is refused, and nothing is changed', async (_, body, code) => {
  await using gateway = await TestGateway.start();
  const id = await submit(gateway);
  const answer = await revoke(gateway, body);
  expect([answer.status, answer.problem().code]).toEqual([422, code]);
  expect(await stateOf(gateway, id)).toBe('QUEUED');
  expect(await gateway.db.query('select * from audit')).toEqual([]);
});
