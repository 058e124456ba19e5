import { deferred, newId } from '@lovage/foundation';
import type { CanvasEnd, CanvasOwner, TaskCanvas } from '@lovage/ports';
import { eventually, TestClock } from '@lovage/testing';
import { deed } from '../testing/child-tasks.ts';
import { children, echo, Fixture } from '../testing/fixture.ts';

const value = (input: unknown) => (input as { value: unknown }).value;

describe('a rate of one worker', () => {
  test('lets its tasks begin evenly, and all that wait when it is lifted', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const ran: unknown[] = [];
    const worker = await f.worker(echo(), (input) => ran.push(value(input)), { clock });
    worker.steering.setRate('test.echo', 2);
    expect(worker.steering.rateOf('test.echo')).toBe(2);
    for (let n = 0; n < 6; n += 1) await f.send(n);
    await eventually(() => worker.tasks().length + ran.length === 6 && ran.length === 1);
    await clock.advance(499);
    expect(ran).toHaveLength(1);
    await clock.advance(1);
    await eventually(() => ran.length === 2);
    await clock.advance(1000);
    await eventually(() => ran.length === 4);
    worker.steering.setRate('test.echo', 0);
    await eventually(() => ran.length === 6);
    expect([ran, worker.steering.rateOf('test.echo')]).toEqual([[0, 1, 2, 3, 4, 5], undefined]);
    expect(() => worker.steering.setRate('nobody.serves', 1)).toThrow(
      expect.objectContaining({ code: 'task_not_served' }),
    );
  });

  test('a paused queue and a stop requeue what it holds up', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    let ran = 0;
    const worker = await f.worker(echo(), () => (ran += 1), { clock });
    worker.steering.setRate('test.echo', 0.001);
    for (let n = 0; n < 4; n += 1) await f.send(n);
    await eventually(() => ran === 1 && worker.tasks().length === 3);
    await f.store.queues.pause('default', { actor: null, reason: null });
    await eventually(async () => {
      await clock.advance(1000);
      return (await f.ready()) === 3;
    });
    await f.store.queues.resume('default');
    await eventually(async () => {
      await clock.advance(1000);
      return (await f.ready()) === 0;
    });
    await worker.stop();
    expect([ran, await f.ready()]).toEqual([1, 3]);
  });
});

test('time limits that were given hold for the attempts that begin then; those of a message stand above', async () => {
  await using f = await Fixture.open();
  const clock = new TestClock();
  const worker = await f.worker(echo({ timeLimit: '1h' }), () => new Promise(() => undefined), { clock });
  worker.steering.setTimeLimits('test.echo', { hardMs: 5000, softMs: undefined });
  const short = await f.send(1);
  const long = await f.send(2, { timeLimit: [60, null] });
  await eventually(() => worker.running === 2);
  await clock.advance(7000);
  expect(await f.ended(short)).toMatchObject({ state: 'FAILURE', error: { type: 'TimeLimitExceeded' } });
  expect(await f.store.tasks.get(long)).toMatchObject({ finishedAt: null });
  worker.steering.setTimeLimits('test.echo', { hardMs: undefined, softMs: undefined });
  await clock.advance(60_000);
  expect(await f.ended(long)).toMatchObject({ state: 'FAILURE' });
});

describe('the size of a pool', () => {
  test('grows and shrinks while it runs, and with it what is held of each queue', async () => {
    await using f = await Fixture.open();
    const goOn = deferred();
    const worker = await f.worker(echo(), () => goOn.promise.then(() => null), {
      concurrency: 1,
      prefetchMultiplier: 2,
    });
    const ids: string[] = [];
    for (let n = 0; n < 9; n += 1) ids.push(await f.send(n));
    await eventually(() => worker.running === 1 && worker.tasks().length === 2);
    await worker.steering.pool.resize(3);
    await eventually(() => worker.running === 3);
    expect([worker.slots, worker.prefetch]).toEqual([3, 6]);
    await worker.steering.pool.resize(1);
    expect([worker.slots, worker.prefetch, worker.running]).toEqual([1, 2, 3]);
    await expect(worker.steering.pool.resize(0)).rejects.toThrow(RangeError);
    goOn.resolve();
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    await eventually(async () => (await f.ready()) === 0 && worker.tasks().length === 0);
    f.broker.redeliver();
    expect(await f.ready()).toBe(0);
  });

  test('of child processes: as many, and they are replaced when asked', async () => {
    await using f = await Fixture.open();
    const where = { name: 'test.deed', inputJson: '{"deed":"where","value":null}' };
    const worker = await f.worker(deed(), () => null, { pool: 'process', children: await children({ slots: 1 }) });
    expect([worker.steering.pool.kind, worker.steering.pool.size]).toEqual(['process', 1]);
    await worker.steering.pool.resize(2);
    const first = await f.ended(await f.send(null, where));
    const [pid] = worker.steering.pool.pids;
    expect(first).toMatchObject({ state: 'SUCCESS' });
    expect(pid).toEqual(expect.any(Number));
    expect(worker.steering.pool.restart()).toBe(true);
    await eventually(() => !worker.steering.pool.pids.includes(pid!), { timeoutMs: 30_000 });
    expect(await f.ended(await f.send(null, where))).toMatchObject({ state: 'SUCCESS' });
  }, 60_000);

  test('follows what there is to do, within its bounds', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    let goOn = deferred();
    const worker = await f.worker(echo(), () => goOn.promise.then(() => null), {
      ...{ clock, concurrency: 8, autoscale: { max: 4, min: 1 } },
    });
    expect([worker.slots, worker.steering.autoscaler.bounds]).toEqual([1, { max: 4, min: 1 }]);
    const ids: string[] = [];
    for (let n = 0; n < 12; n += 1) ids.push(await f.send(n));
    await eventually(async () => {
      await clock.advance(1000);
      return worker.running === 4;
    });
    goOn.resolve();
    for (const id of ids) await f.ended(id);
    await clock.advance(20_000);
    expect(worker.slots).toBe(4);
    await eventually(async () => {
      await clock.advance(1000);
      return worker.slots === 1;
    });
    // By hand beyond the bounds: they follow.
    await worker.steering.autoscaler.resize(6);
    expect([worker.slots, worker.steering.autoscaler.bounds]).toEqual([6, { max: 6, min: 1 }]);
    await expect(worker.steering.autoscaler.set({ max: 1, min: 2 })).rejects.toThrow(RangeError);
    await worker.steering.autoscaler.set({ max: 2, min: 2 });
    expect(worker.slots).toBe(2);
    goOn = deferred();
    goOn.resolve();
  });
});

test('a queue that is added is served, until it is removed; queues of the platform are refused', async () => {
  await using f = await Fixture.open();
  const goOn = deferred<null>();
  const worker = await f.worker(echo(), (input) => (value(input) === 'wait' ? goOn.promise : null), { concurrency: 1 });
  expect(await worker.steering.addQueue('extra')).toBe(true);
  expect(await worker.steering.addQueue('extra')).toBe(false);
  expect([...worker.queues.keys()]).toEqual(['default', 'extra']);
  expect(await f.ended(await f.send(1, {}, 'extra'))).toMatchObject({ state: 'SUCCESS', queue: 'extra' });
  const running = await f.send('wait', {}, 'extra');
  await eventually(() => worker.running === 1);
  await f.send(2, {}, 'extra');
  await eventually(async () => (await f.broker.depth('extra')).ready === 0);
  expect(await worker.steering.removeQueue('extra')).toBe(true);
  expect(await worker.steering.removeQueue('extra')).toBe(false);
  await eventually(async () => (await f.broker.depth('extra')).ready === 1);
  goOn.resolve(null);
  expect(await f.ended(running)).toMatchObject({ state: 'SUCCESS' });
  await expect(worker.steering.addQueue(f.broker.deadLetterQueue)).rejects.toThrow(RangeError);
  await expect(worker.steering.addQueue('lovage.foreign-results')).rejects.toThrow(RangeError);
});

describe('a revoke that was told before its task came', () => {
  test('holds when it comes, with a row and without', async () => {
    await using f = await Fixture.open();
    let ran = 0;
    const worker = await f.worker(echo(), () => (ran += 1));
    const by = { actor: 'ana', reason: 'too late' };
    const id = newId();
    worker.steering.revokes.tell(id, by);
    expect(worker.steering.revokes.ids).toEqual([id]);
    const told = f.replied.next((reply) => reply.taskId === id);
    await f.send(1, { id });
    expect(await f.ended(id)).toMatchObject({
      ...{ state: 'REVOKED', error: { type: 'Revoked', message: 'too late', data: { actor: 'ana' } } },
    });
    expect(await told).toMatchObject({ state: 'REVOKED' });
    // Delivered again, and another one.
    await f.send(1, { id });
    expect(await f.ended(await f.send(2))).toMatchObject({ state: 'SUCCESS' });
    expect(ran).toBe(1);
    await eventually(async () => (await f.ready()) === 0 && worker.tasks().length === 0);
  });

  test('with a canvas it counts in its chord, as a part that has failed', async () => {
    await using f = await Fixture.open();
    const ended: [CanvasOwner, CanvasEnd][] = [];
    const canvas: TaskCanvas = {
      chords: true,
      follow: (_owner, end) => Promise.resolve({ kind: 'followed', end, followUps: {}, children: '[]' }),
      ended(owner, end) {
        ended.push([owner, end]);
        return Promise.resolve(0);
      },
    };
    const worker = await f.worker(echo(), () => null, { canvas });
    const chord = { task: 'test.echo', args: [], kwargs: {}, options: { task_id: newId() } };
    const [id, group] = [newId(), newId()];
    worker.steering.revokes.tell(id, { actor: 'ana', reason: 'too late' });
    // As Celery sends it.
    await f.broker.publish({
      ...{ queue: 'default', contentType: 'application/json', contentEncoding: 'utf-8', correlationId: id },
      headers: { lang: 'py', task: 'test.echo', id, group, group_index: 3, root_id: id, parent_id: null },
      body: Buffer.from(JSON.stringify([[], { value: 1 }, { callbacks: null, errbacks: null, chain: null, chord }])),
    });
    await eventually(() => ended.length === 1);
    expect(ended[0]).toMatchObject([
      { id, group, groupIndex: 3, embed: { chord } },
      { state: 'REVOKED', error: { message: 'too late' } },
    ]);
    expect(await f.ended(id)).toMatchObject({ state: 'REVOKED' });
  });

  test('by stamps: those that have one of the values do not run', async () => {
    await using f = await Fixture.open();
    const worker = await f.worker(echo(), () => null);
    worker.steering.revokes.tellStamp('tenant', 'acme', { actor: 'ana', reason: 'gone' });
    const stamped = (tenant: unknown) => ({ headers: { stamped_headers: ['tenant'], stamps: { tenant } } });
    const [one, many, other] = [
      await f.send(1, stamped('acme')),
      await f.send(2, stamped(['umbrella', 'acme'])),
      await f.send(3, stamped('umbrella')),
    ];
    expect(await f.ended(one)).toMatchObject({ state: 'REVOKED' });
    expect(await f.ended(many)).toMatchObject({ state: 'REVOKED' });
    expect(await f.ended(other)).toMatchObject({ state: 'SUCCESS' });
  });

  test('what is remembered is bounded, and forgotten after three hours', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const { revokes } = (await f.worker(echo(), () => null, { clock })).steering;
    const by = { actor: 'ana', reason: 'x' };
    for (let n = 0; n < 50_001; n += 1) revokes.tell(`id-${n}`, by);
    expect([revokes.ids.length, revokes.ids[0]]).toEqual([50_000, 'id-1']);
    await clock.advance(3 * 3_600_000 + 1);
    expect(revokes.ids).toEqual([]);
  });
});
