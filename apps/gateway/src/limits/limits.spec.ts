import { z } from 'zod';
import { newId } from '@lovage/foundation';
import type { LimitDetail, LimitList } from '@lovage/http-api';
import { blankTask } from '@lovage/ports';
import { defineTask } from '@lovage/task';
import { TestGateway } from '../testing/test-gateway.ts';

const input = z.strictObject({ tenant: z.string() });
const output = z.null();
const free = defineTask({ name: 'test.free', input, output });
const mail = defineTask({ name: 'test.mail', input, output, defaults: { concurrency: 5, rateLimit: '100/m' } });
const sync = defineTask({
  ...{ name: 'test.sync', input, output },
  defaults: {
    concurrency: { key: ({ tenant }) => tenant, limit: 2 },
    rateLimit: { rate: '10/s', burst: 3, key: ({ tenant }) => tenant },
  },
});
const fire = defineTask({ name: 'test.fire', input, output, defaults: { record: 'none' } });

const open = () => TestGateway.start({ contracts: [free, mail, sync, fire] });
const put = (gateway: TestGateway, name: string, body: unknown) =>
  gateway.ask(`/api/limits/${name}`, { method: 'PUT', body });
const get = async (gateway: TestGateway, name: string): Promise<LimitDetail> => {
  const answer = await gateway.ask(`/api/limits/${name}`, { as: 'viewer' });
  expect(answer.status).toBe(200);
  return answer.json<LimitDetail>();
};
const audited = (gateway: TestGateway) =>
  gateway.db.query<{ action: string }>('select action, target, detail from audit order by id');

const UNUSED = { held: 0, waiting: 0, waitingForRate: 0, approximate: false };

test('every contract has its limits listed: as it says itself, and what is in force', async () => {
  await using gateway = await open();
  const answer = await gateway.ask('/api/limits', { as: 'viewer' });
  const none = { concurrency: null, byKey: false, rate: null, burst: null, rateByKey: false };
  expect(answer.json<LimitList>().items).toEqual([
    ...['test.fire', 'test.free'].map((contract) => ({
      ...{ contract, declared: none, override: null, ...UNUSED },
      inForce: { concurrency: null, rate: null, burst: null },
    })),
    {
      ...{ contract: 'test.mail', override: null, ...UNUSED },
      declared: { concurrency: 5, byKey: false, rate: '100/m', burst: 1, rateByKey: false },
      inForce: { concurrency: 5, rate: '100/m', burst: 1 },
    },
    {
      ...{ contract: 'test.sync', override: null, ...UNUSED },
      declared: { concurrency: 2, byKey: true, rate: '10/s', burst: 3, rateByKey: true },
      inForce: { concurrency: 2, rate: '10/s', burst: 3 },
    },
  ]);
});

test('a limit is set: by whom, when and why; what is left out is as the contract says; a further one replaces it', async () => {
  await using gateway = await open();
  const before = Date.now();
  const answer = await put(gateway, 'test.mail', { concurrency: 2, reason: 'the mail server is slow' });
  expect(answer.status).toBe(200);
  const set = answer.json<LimitDetail>();
  expect(set).toEqual({
    ...{ contract: 'test.mail', ...UNUSED, keys: [], holders: [], waiters: [] },
    declared: { concurrency: 5, byKey: false, rate: '100/m', burst: 1, rateByKey: false },
    override: { concurrency: 2, at: expect.any(String), actor: gateway.userId, reason: 'the mail server is slow' },
    inForce: { concurrency: 2, rate: '100/m', burst: 1 },
  });
  // The database's clock, which may be another machine's.
  expect(Math.abs(Date.parse(set.override!.at) - before)).toBeLessThan(60_000);
  expect(await get(gateway, 'test.mail')).toEqual(set);

  expect((await put(gateway, 'test.mail', { rate: '3/s', burst: 7 })).json<LimitDetail>()).toMatchObject({
    override: { rate: '3/s', burst: 7, reason: null },
    inForce: { concurrency: 5, rate: '3/s', burst: 7 },
  });
  expect((await put(gateway, 'test.mail', { concurrency: null, rate: null })).json<LimitDetail>()).toMatchObject({
    override: { concurrency: null, rate: null },
    inForce: { concurrency: null, rate: null, burst: null },
  });
  const cleared = await gateway.ask('/api/limits/test.mail', { method: 'DELETE' });
  expect(cleared.json<LimitDetail>()).toMatchObject({ override: null, inForce: { concurrency: 5, rate: '100/m' } });
  expect((await gateway.ask('/api/limits/test.mail', { method: 'DELETE' })).status).toBe(200);
  expect(await audited(gateway)).toMatchObject([
    { action: 'limits.set', target: 'test.mail', detail: { concurrency: 2, reason: 'the mail server is slow' } },
    { action: 'limits.set', detail: { rate: '3/s', burst: 7 } },
    { action: 'limits.set', detail: { concurrency: null, rate: null } },
    { action: 'limits.clear', target: 'test.mail', detail: null },
    { action: 'limits.clear' },
  ]);
});

test('it shows the keys that are used: slots held, who waits', async () => {
  await using gateway = await open();
  await put(gateway, 'test.sync', { keys: { acme: 1, internal: null } });
  const worker = { id: newId(), name: 'w1' };
  await gateway.db.query("insert into workers (id, name, lease_until) values ($1, 'w1', now() + interval '1 min')", [
    worker.id,
  ]);
  const claims = ['acme', 'acme', 'acme', 'other', 'other'].map(async (tenant, n) => {
    const body = { input: { tenant }, options: {} };
    const { id } = (await gateway.ask('/api/tasks/test.sync', { body })).json();
    const task = blankTask({ id, name: 'test.sync', queue: 'default' });
    return {
      ...{ task, generation: 0, claimNo: n + 1, hadRow: true },
      limits: {
        contract: 'test.sync',
        concurrency: { key: `concurrency:test.sync:${tenant}`, limit: 2 },
        rate: null,
      },
    };
  });
  const items = await Promise.all(claims);
  await gateway.store.limits.claim(worker, items);
  const ids = items.map(({ task }) => task.id);
  const time = expect.any(String);
  const detail = await get(gateway, 'test.sync');
  const waiter = { value: 'acme', waitsFor: 'concurrency', since: time, dueAt: null };
  expect(detail.waiters).toMatchObject([waiter, waiter]);
  expect([...detail.holders, ...detail.waiters].map(({ id }) => id).sort()).toEqual(ids.sort());
  expect(detail.holders.map(({ value }) => value).sort()).toEqual(['acme', 'other', 'other']);
  for (const one of detail.holders) expect(one).toMatchObject({ since: time, worker: 'w1' });
  expect(detail).toMatchObject({
    ...{ held: 3, waiting: 2, waitingForRate: 0, approximate: false },
    override: { keys: { acme: 1, internal: null } },
    inForce: { concurrency: 2 },
    keys: [
      { limits: 'concurrency', value: 'acme', limit: 1, held: 1, waiting: 2, waitingForRate: 0 },
      { limits: 'concurrency', value: 'other', limit: 2, held: 2, waiting: 0, waitingForRate: 0 },
    ],
  });
  const all = (await gateway.ask('/api/limits')).json<LimitList>().items;
  expect(all.find(({ contract }) => contract === 'test.sync')).toMatchObject({ held: 3, waiting: 2 });
  expect(all.find(({ contract }) => contract === 'test.mail')).toMatchObject({ held: 0, waiting: 0 });
});

test('0 pauses a contract, or single values of its key', async () => {
  await using gateway = await open();
  expect((await put(gateway, 'test.mail', { concurrency: 0 })).json<LimitDetail>()).toMatchObject({
    override: { concurrency: 0 },
    inForce: { concurrency: 0 },
  });
  expect((await put(gateway, 'test.sync', { keys: { acme: 0 } })).json<LimitDetail>()).toMatchObject({
    override: { keys: { acme: 0 } },
    inForce: { concurrency: 2 },
  });
});

test.each<[string, string, unknown, string]>([
  ['an invalid rate', 'test.mail', { rate: '5/x' }, 'rate'],
  ['a rate of nothing', 'test.mail', { rate: '0/s' }, 'rate'],
  ['a negative rate', 'test.mail', { rate: '-5/s' }, 'rate'],
  ['a rate beyond all measure', 'test.mail', { rate: '1000000000/s' }, 'rate'],
  ['a rate that is a number', 'test.mail', { rate: 5 }, 'rate'],
  ['fewer than no slots', 'test.mail', { concurrency: -1 }, 'concurrency'],
  ['half a slot', 'test.mail', { concurrency: 1.5 }, 'concurrency'],
  ['a milliard of slots', 'test.mail', { concurrency: 1e9 }, 'concurrency'],
  ['slots as text', 'test.mail', { concurrency: '5' }, 'concurrency'],
  ['a key of fewer than no slots', 'test.sync', { keys: { acme: -1 } }, 'keys.acme'],
  ['a key too many', 'test.sync', { keys: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, 1])) }, 'keys'],
  ['a key that no task has', 'test.sync', { keys: { ['x'.repeat(201)]: 1 } }, `keys.${'x'.repeat(201)}`],
  ['keys of a contract that counts by none', 'test.mail', { keys: { acme: 1 } }, 'keys'],
  ['a burst without a rate', 'test.mail', { concurrency: 1, burst: 3 }, 'burst'],
  ['a burst of nothing', 'test.mail', { rate: '1/s', burst: 0 }, 'burst'],
  ['a contract without rows', 'test.fire', { concurrency: 3 }, 'concurrency'],
  ['an unknown field', 'test.mail', { concurrency: 3, limit: 3 }, 'limit'],
  ['nothing at all', 'test.mail', {}, 'body'],
  ['a reason alone', 'test.mail', { reason: 'why not' }, 'body'],
  ['a reason with NUL', 'test.mail', { concurrency: 1, reason: 'a\0b' }, 'reason'],
  ['no object', 'test.mail', [], 'body'],
])('%s is refused: 422 with the path', async (_, name, body, path) => {
  await using gateway = await open();
  const answer = await put(gateway, name, body);
  expect([answer.status, answer.problem().code]).toEqual([422, 'body_invalid']);
  expect(answer.problem().errors).toEqual([{ path, message: expect.any(String) as string }]);
  expect(await gateway.store.limits.overrides()).toEqual([]);
  expect(await audited(gateway)).toEqual([]);
});

test('a contract that nobody knows is 404', async () => {
  await using gateway = await open();
  const asks = [
    gateway.ask('/api/limits/test.nothing'),
    gateway.ask('/api/limits/%00'),
    put(gateway, 'test.nothing', { concurrency: 1 }),
    gateway.ask('/api/limits/test.nothing', { method: 'DELETE' }),
  ];
  for (const answer of await Promise.all(asks))
    expect([answer.status, answer.problem().code]).toEqual([404, 'contract_unknown']);
  expect(await gateway.store.limits.overrides()).toEqual([]);
});
