import { jest } from '@jest/globals';
import { z } from 'zod';
import { deferred, type Deferred } from '@lovage/foundation';
import type { LimitSettings } from '@lovage/ports';
import { defineTask, type TaskContext, type TaskOptions } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { Fixture } from '../testing/fixture.ts';

const NAME = 'test.limited';
const contractOf = (defaults: TaskOptions) =>
  defineTask({ name: NAME, input: z.strictObject({}), output: z.null(), defaults });

/** What the handlers of all workers did, as they saw it themselves. */
class Evidence {
  readonly started: string[] = [];
  readonly running = new Map<string, Deferred<null>>();
  /** Most at once since {@link watch}. */
  most = 0;

  readonly handle = (_: unknown, task: TaskContext): Promise<null> => {
    const gate = deferred<null>();
    this.started.push(task.id);
    this.running.set(task.id, gate);
    this.most = Math.max(this.most, this.running.size);
    return gate.promise;
  };

  watch(): void {
    this.most = this.running.size;
  }

  /** Ends those that run longest. */
  end(count: number): string[] {
    const ids = [...this.running.keys()].slice(0, count);
    for (const id of ids) {
      this.running.get(id)!.resolve(null);
      this.running.delete(id);
    }
    return ids;
  }
}

const send = (f: Fixture): Promise<string> => f.send(null, { name: NAME, inputJson: '{}' });
const set = (f: Fixture, settings: LimitSettings, uncounted = false) =>
  f.store.limits.override(NAME, settings, { actor: null, reason: null, uncounted });
const parked = async (f: Fixture): Promise<number> =>
  (await f.db.query<{ n: number }>("select count(*)::int as n from outbox where due_at = 'infinity'"))[0]!.n;
const held = async (f: Fixture): Promise<number> =>
  (await f.store.limits.uses(NAME)).uses.reduce((sum, use) => sum + use.held, 0);

test('raised and lowered over two workers: never more at once than it says, and those who wait go in their order', async () => {
  await using f = await Fixture.open();
  const evidence = new Evidence();
  for (let i = 0; i < 2; i += 1) await f.worker(contractOf({ concurrency: 2 }), evidence.handle, { concurrency: 10 });
  f.relay();
  const ids: string[] = [];
  for (let i = 0; i < 14; i += 1) {
    ids.push(await send(f));
    await eventually(async () => evidence.started.length + (await parked(f)) === ids.length);
  }
  expect(evidence.started).toHaveLength(2);

  // Up: at once, to the new limit and no further.
  await set(f, { concurrency: 5 });
  await eventually(() => evidence.running.size === 5);
  expect([evidence.most, await parked(f)]).toEqual([5, 9]);
  expect(new Set(evidence.started)).toEqual(new Set(ids.slice(0, 5)));

  // Down: what runs goes on, and nothing begins until fewer run than the new limit.
  await set(f, { concurrency: 2 });
  for (const id of evidence.end(3)) await f.ended(id);
  expect([evidence.started.length, await parked(f), await held(f)]).toEqual([5, 9, 2]);
  evidence.watch();
  for (const id of evidence.end(1)) await f.ended(id);
  await eventually(() => evidence.started.length === 6);
  expect(evidence.started[5]).toBe(ids[5]);

  // None at all, and back to the contract's.
  await set(f, { concurrency: null });
  await eventually(() => evidence.running.size === 10);
  await f.store.limits.clear(NAME);
  const late = await send(f);
  await eventually(async () => (await parked(f)) === 1);
  for (const id of evidence.end(8)) await f.ended(id);
  expect([evidence.started.includes(late), await held(f)]).toEqual([false, 2]);
  evidence.watch();
  for (const id of evidence.end(2)) await f.ended(id);
  await eventually(() => evidence.running.size === 1);
  evidence.end(1);
  expect(await f.ended(late)).toMatchObject({ state: 'SUCCESS' });
  expect(evidence.most).toBeLessThanOrEqual(2);
  expect(evidence.started).toHaveLength(15);
}, 60_000);

test('under load: at no moment do more handlers run than the limit in force', async () => {
  await using f = await Fixture.open();
  let [running, allowed] = [0, 1];
  const exceeded: string[] = [];
  const handle = async (): Promise<null> => {
    running += 1;
    if (running > allowed) exceeded.push(`${running} run, ${allowed} may`);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return null;
  };
  for (let i = 0; i < 2; i += 1) await f.worker(contractOf({ concurrency: 1 }), handle, { concurrency: 10 });
  f.relay();
  const ids: string[] = [];
  const limits = [4, 1, 7, 2, 9, 1, 3];
  for (const limit of limits) {
    ids.push(...(await Promise.all(Array.from({ length: 40 }, () => send(f)))));
    // Raised: from the change on. Lowered: from when those that had slots by the old one are through.
    allowed = Math.max(allowed, limit);
    await set(f, { concurrency: limit });
    await eventually(async () => (await held(f)) <= limit);
    allowed = limit;
    await f.ended(ids[ids.length - 40]!);
  }
  for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
  expect(exceeded).toEqual([]);
  await eventually(async () => (await held(f)) === 0);
}, 120_000);

test('set on a contract that had none: what runs counts, and no worker goes on as before', async () => {
  await using f = await Fixture.open();
  const evidence = new Evidence();
  for (let i = 0; i < 2; i += 1) await f.worker(contractOf({}), evidence.handle, { concurrency: 4 });
  f.relay();
  const ids = await Promise.all(Array.from({ length: 14 }, () => send(f)));
  await eventually(() => evidence.running.size === 8);
  const reads = jest.spyOn(f.store.limits, 'imposed');
  await set(f, { concurrency: 3 }, true);
  expect(await held(f)).toBe(8);
  // Both workers have heard of it when each has begun to read and come to read again.
  await eventually(() => reads.mock.calls.length >= 4);
  for (const id of evidence.end(5)) await f.ended(id);
  await eventually(async () => (await parked(f)) === 6);
  expect(evidence.started).toHaveLength(8);
  evidence.watch();
  while (evidence.started.length < ids.length) {
    const before = evidence.started.length;
    for (const id of evidence.end(1)) await f.ended(id);
    // These workers did not know that what ended first had slots, so did not hold the key: what is left of that a beat sweeps each second.
    await f.store.sweep.sweep();
    await eventually(() => evidence.started.length === before + 1);
  }
  expect(evidence.most).toBe(3);
  evidence.end(3);
  for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
}, 60_000);

test('the slot of a worker that died is freed, and its task runs once more', async () => {
  await using f = await Fixture.open();
  const evidence = new Evidence();
  await f.worker(contractOf({ concurrency: 1 }), evidence.handle, { name: 'doomed', leaseMs: 8000 });
  f.relay();
  const first = await send(f);
  await eventually(() => evidence.running.has(first));
  await f.worker(contractOf({ concurrency: 1 }), evidence.handle);
  const second = await send(f);
  await eventually(async () => (await parked(f)) === 1);
  evidence.running.clear();
  await f.db.query("update workers set lease_until = now() - interval '2 s' where name = 'doomed'");
  expect(await f.store.sweep.sweep()).toMatchObject({ lapsedWorkers: 1, requeued: 1 });
  for (let ended = 0; ended < 2; ended += 1) {
    await eventually(() => evidence.running.size === 1);
    for (const id of evidence.end(1)) await f.ended(id);
  }
  for (const id of [first, second]) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
  expect(evidence.started.sort()).toEqual([first, first, second].sort());
}, 60_000);
