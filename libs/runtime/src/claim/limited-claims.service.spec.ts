import { z } from 'zod';
import { deferred, newId } from '@lovage/foundation';
import { defineTask, type TaskContext, type TaskOptions } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { Fixture } from '../testing/fixture.ts';

const input = z.strictObject({ tenant: z.string(), fail: z.boolean().default(false) });
type Input = z.output<typeof input>;

const limited = (defaults: TaskOptions<Input>) =>
  defineTask({ name: 'test.limited', input, output: z.null(), defaults });

/** How many run at once, of each tenant and in all. */
class Counter {
  most = 0;
  readonly started: string[] = [];
  private readonly now = new Map<string, number>();

  async run(tenant: string, id: string, work: Promise<unknown>): Promise<null> {
    this.started.push(id);
    const running = (this.now.get(tenant) ?? 0) + 1;
    this.now.set(tenant, running);
    this.most = Math.max(this.most, running);
    await work;
    this.now.set(tenant, this.now.get(tenant)! - 1);
    return null;
  }
}

const soon = () => new Promise((resolve) => setImmediate(resolve));
const send = (f: Fixture, tenant: string, more: object = {}) =>
  f.send(null, { name: 'test.limited', inputJson: JSON.stringify({ tenant, ...more }) });
const count = async (f: Fixture, sql: string): Promise<number> =>
  Number((await f.db.query<{ n: string }>(`select count(*) as n from ${sql}`))[0]!.n);

describe('a concurrency limit', () => {
  test('is kept over three workers, and every task ends', async () => {
    await using f = await Fixture.open();
    const counter = new Counter();
    const contract = limited({ concurrency: 5 });
    const handle = (value: unknown, task: TaskContext) => counter.run((value as Input).tenant, task.id, soon());
    for (let i = 0; i < 3; i += 1) await f.worker(contract, handle, { concurrency: 20 });
    f.relay();
    const ids = await Promise.all(Array.from({ length: 200 }, () => send(f, 'a')));
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(counter.most).toBe(5);
    expect(counter.started).toHaveLength(200);
    await eventually(async () => (await count(f, 'limit_slots')) === 0);
    expect(await count(f, 'outbox')).toBe(0);
  });

  test('by key: a thousand waiting tasks of one key are held by nobody and keep no other back', async () => {
    await using f = await Fixture.open();
    const gate = deferred();
    const counter = new Counter();
    const contract = limited({ concurrency: { key: ({ tenant }) => tenant, limit: 2 } });
    const handle = (value: unknown, task: TaskContext) => {
      const { tenant } = value as Input;
      return counter.run(tenant, task.id, tenant === 'busy' ? gate.promise : soon());
    };
    for (let i = 0; i < 2; i += 1) await f.worker(contract, handle, { concurrency: 10 });
    const busy: string[] = [];
    for (let i = 0; i < 1000; i += 1) busy.push(await send(f, 'busy'));
    const others = await Promise.all(Array.from({ length: 20 }, (_, i) => send(f, `tenant-${i}`)));
    for (const id of others) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    await eventually(async () => (await count(f, "outbox where due_at = 'infinity'")) === 998);
    expect(await f.ready()).toBe(0);
    expect(await f.store.tasks.get(busy[500]!)).toMatchObject({ state: 'SCHEDULED', generation: 1, startedAt: null });
    expect(counter.started.filter((id) => busy.includes(id))).toHaveLength(2);

    f.relay();
    gate.resolve();
    for (const id of busy) await f.ended(id);
    expect(counter.most).toBe(2);
  });

  test('the longest-waiting goes first', async () => {
    await using f = await Fixture.open();
    const first = deferred();
    const counter = new Counter();
    const contract = limited({ concurrency: 1 });
    await f.worker(contract, (value, task) => counter.run('a', task.id, first.promise), { concurrency: 3 });
    const ids: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      ids.push(await send(f, 'a'));
      await eventually(async () => (await count(f, "outbox where due_at = 'infinity'")) === i);
      await eventually(async () => (await f.store.tasks.get(ids[i]!)) !== undefined);
    }
    f.relay();
    first.resolve();
    for (const id of ids) await f.ended(id);
    expect(counter.started).toEqual(ids);
  });
});

test('what a dead worker had started starts again at the rate, not all at once', async () => {
  await using f = await Fixture.open();
  const contract = limited({ rateLimit: { rate: '5/s', burst: 2 } });
  // It died with eight of them.
  const ids = Array.from({ length: 8 }, () => newId());
  const dead = newId();
  await f.db.query(
    `insert into tasks (id, name, queue, input, state, claim_worker, claim_no, started_at)
     select id, 'test.limited', 'default', '{"tenant":"a"}', 'STARTED', $2, no, now() from unnest($1::uuid[]) with ordinality as s(id, no)`,
    [ids, dead],
  );
  await f.db.query("insert into workers (id, name, lease_until) values ($1, 'dead', now())", [dead]);
  await f.worker(contract, () => Promise.resolve(null), { concurrency: 20 });
  f.relay();
  for (const id of ids) await f.send(null, { id, name: 'test.limited', inputJson: '{"tenant":"a"}', hasRow: true });
  for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', suspected: 1 });
  const [{ most }] = (await f.db.query<{ most: number }>(
    `select max(n)::int as most from (select count(*) over (order by started_at range between current row and '999 ms' following) as n from tasks) s`,
  )) as [{ most: number }];
  expect(most).toBeLessThanOrEqual(7);
  const lost = await f.db.query("select from attempts where outcome = 'LOST'");
  expect(lost).toHaveLength(8);
});
