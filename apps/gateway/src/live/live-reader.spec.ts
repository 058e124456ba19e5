import { LiveTasks, LiveWorkers, MAX_LIVE_TASKS, type WorkerDocument } from '@lovage/http-api';
import { StoreUnavailableError, type WatchedTask } from '@lovage/ports';
import { RecordingLog, TestClock } from '@lovage/testing';
import { type LiveClient, LiveReader } from './live-reader.ts';
import type { LiveEvent, LiveSource } from './live-source.ts';
import { TaskSource } from './task-source.ts';
import { WorkerSource } from './worker-source.ts';

const clock = new TestClock();
const settle = () => clock.advance(0);

/** A source of numbers. */
class Numbers implements LiveSource {
  readonly topic = 'counts';
  readonly everyMs = 500;
  revision = 0;
  reads = 0;
  tookMs = 0;
  failure: Error | undefined;

  async read(): Promise<void> {
    this.reads += 1;
    if (this.tookMs > 0) await new Promise<void>((resolve) => clock.after(this.tookMs, resolve));
    if (this.failure) throw this.failure;
    this.revision += 1;
  }

  since(revision: number): LiveEvent | undefined {
    const data = `${revision}-${this.revision}` as never;
    return revision < this.revision ? { event: this.topic, data } : undefined;
  }
}

class RecordingClient implements LiveClient {
  ready = true;
  readonly got: unknown[] = [];
  onEvent = ({ data }: LiveEvent): void => void this.got.push(data);
  onUnavailable = (): void => void this.got.push('unavailable');
}

const watch = (reader: LiveReader, client: RecordingClient, source: LiveSource, key = 'a') =>
  reader.watch(client, new Map([[key, () => source]]));

test('each source is read once for all, twice a second at most, and not when nobody watches', async () => {
  const reader = new LiveReader(clock, new RecordingLog());
  const numbers = new Numbers();
  const [one, two] = [new RecordingClient(), new RecordingClient()];
  const first = watch(reader, one, numbers);
  const second = watch(reader, two, new Numbers());
  for (let ms = 0; ms < 2_000; ms += 100) await clock.advance(100);
  expect(numbers.reads).toBeGreaterThanOrEqual(4);
  expect(numbers.reads).toBeLessThanOrEqual(5);
  expect(one.got).toEqual(two.got);
  expect(one.got.slice(0, 3)).toEqual(['0-1', '1-2', '2-3']);
  first.stop();
  second.stop();
  const { reads } = numbers;
  await clock.advance(5_000);
  expect([numbers.reads, reader.size, clock.pending]).toEqual([reads, 0, 0]);
});

test('a client that is not ready is kept nothing for, and told the sum when it is', async () => {
  const reader = new LiveReader(clock, new RecordingLog());
  const numbers = new Numbers();
  const client = new RecordingClient();
  const watching = watch(reader, client, numbers);
  await settle();
  client.ready = false;
  for (let n = 0; n < 5; n += 1) await clock.advance(500);
  expect(client.got).toEqual(['0-1']);
  client.ready = true;
  watching.wake();
  watching.wake();
  expect(client.got).toEqual(['0-1', `1-${numbers.revision}`]);
  watching.stop();
});

test('what cannot be read is told once, and whole when it can again', async () => {
  const log = new RecordingLog();
  const reader = new LiveReader(clock, log);
  const numbers = new Numbers();
  const client = new RecordingClient();
  const watching = watch(reader, client, numbers);
  await settle();
  numbers.failure = new StoreUnavailableError('away');
  for (let n = 0; n < 3; n += 1) await clock.advance(500);
  expect(log.entries).toEqual([]);
  numbers.failure = new TypeError('a mistake of ours');
  await clock.advance(500);
  expect(log.entries).toMatchObject([{ level: 'error' }]);
  numbers.failure = undefined;
  await clock.advance(500);
  expect(client.got).toEqual(['0-1', 'unavailable', '0-2']);
  watching.stop();
});

test('a slow source is read seldom, and holds up no quick one', async () => {
  const reader = new LiveReader(clock, new RecordingLog());
  const [quick, slow] = [new Numbers(), new Numbers()];
  slow.tookMs = 300;
  const client = new RecordingClient();
  const all = [watch(reader, client, quick), watch(reader, client, slow, 'b')];
  const until = clock.monotonic() + 30_000;
  while (clock.monotonic() < until) await clock.advance(100);
  // Every 3 s, with a pause of 600 ms behind it.
  expect(slow.reads).toBeLessThanOrEqual(11);
  expect(quick.reads).toBeGreaterThan(40);
  for (const watching of all) watching.stop();
});

const task = (n: number, more: Partial<WatchedTask> = {}): WatchedTask => ({
  ...{ id: `t${n}`, wireId: null, name: 'n', state: 'QUEUED', generation: 0, retries: 0, suspected: 0 },
  ...{ createdAt: n, startedAt: null, finishedAt: null, cancelAt: null, ...more },
});

test('tasks: a client that missed reads is told each task once, as it is now', async () => {
  let rows = [task(3), task(2), task(1)];
  const gone = new Map<string, boolean>();
  const source = new TaskSource(
    {},
    {
      newest: () => Promise.resolve(rows),
      fits: (_, ids) =>
        Promise.resolve(
          ids.filter((id) => gone.has(id)).map((id) => ({ ...task(0), id, state: 'SUCCESS', fits: gone.get(id)! })),
        ),
    },
    clock,
  );
  await source.read();
  const known = source.revision;
  await source.read();
  expect([source.revision, source.since(known)]).toEqual([known, undefined]);
  rows = [task(4), task(3, { state: 'STARTED' }), task(2)];
  gone.set('t1', true);
  await source.read();
  rows = [task(5), task(4, { retries: 1 }), task(3, { state: 'SUCCESS' })];
  gone.set('t2', false);
  await source.read();
  const { items, left } = LiveTasks.parse(source.since(known)!.data);
  expect(items.map(({ id, state, isNew }) => [id, state, isNew])).toEqual([
    ['t5', 'QUEUED', true],
    ['t4', 'QUEUED', true],
    ['t3', 'SUCCESS', false],
  ]);
  expect(left).toEqual([{ id: 't2', state: 'SUCCESS' }]);
  // More than are remembered leave, a few a read.
  for (let n = 10; n < 10 + MAX_LIVE_TASKS + 5; n += 1) {
    rows = [task(n)];
    await source.read();
  }
  expect(LiveTasks.parse(source.since(known)!.data)).toMatchObject({ more: true, items: [], left: [] });
  expect(LiveTasks.parse(source.since(source.revision - 1)!.data)).toMatchObject({
    ...{ more: false, items: [{ id: 't214' }], left: [{ id: 't213', state: null }] },
  });
  expect(LiveTasks.parse(source.since(0)!.data)).toMatchObject({ whole: true, more: false, left: [] });
});

test('tasks: those that a client names are told to it however many newer ones come, and to nobody else', async () => {
  const rows = new Map([1, 2, 3].map((n) => [`t${n}`, task(n)]));
  let newest: WatchedTask[] = [];
  const source = new TaskSource(
    { states: ['QUEUED', 'STARTED'] },
    {
      newest: () => Promise.resolve(newest),
      fits: (_, ids) =>
        Promise.resolve(
          ids.flatMap((id) => rows.get(id) ?? []).map((row) => ({ ...row, fits: row.state !== 'SUCCESS' })),
        ),
    },
    clock,
  );
  const reader = new LiveReader(clock, new RecordingLog());
  const told = (client: RecordingClient) =>
    client.got.splice(0).map((data) => {
      const { items, left, more } = LiveTasks.parse(data);
      return [items.map(({ id, state }) => `${id} ${state}`), left.map(({ id, state }) => `${id} ${state}`), more];
    });
  let next = 100;
  /** So many new ones that none of those before is among the newest. */
  const flood = async (): Promise<void> => {
    newest = Array.from({ length: MAX_LIVE_TASKS }, () => task(next++)).reverse();
    await clock.advance(500);
  };
  const [looks, other] = [new RecordingClient(), new RecordingClient()];
  const watching = [
    reader.watch(
      looks,
      new Map([['a', () => source]]),
      new Map([
        ['t1', 'one'],
        ['t2', 't2'],
        ['t9', 't9'],
      ]),
    ),
    reader.watch(other, new Map([['a', () => source]])),
  ];
  await settle();
  // As it is: what was deleted before is told as such.
  expect(told(looks)).toEqual([[['t1 QUEUED', 't2 QUEUED'], ['t9 null'], false]]);
  expect(told(other)).toEqual([[[], [], false]]);
  await flood();
  expect(told(looks).length + told(other).length).toBe(2);
  rows.set('t1', task(1, { state: 'STARTED' })).set('t2', task(2, { state: 'SUCCESS' }));
  await flood();
  expect(told(looks)).toEqual([[['t1 STARTED'], ['t2 SUCCESS'], true]]);
  expect(told(other)).toEqual([[[], [], true]]);
  rows.delete('t1');
  await clock.advance(500);
  expect(told(looks)).toEqual([[[], ['one null'], false]]);
  // Nothing that it looks at has changed, and nothing is told.
  expect(told(other)).toEqual([]);
  for (const one of watching) one.stop();
  expect(reader.size).toBe(0);
});

test('workers: one that went is told to all who knew it, or all is told whole', async () => {
  let found: WorkerDocument[] = [];
  const source = new WorkerSource(() => Promise.resolve(found), clock);
  const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const worker = (n: number): WorkerDocument => ({
    ...{
      id: id(n),
      kind: 'lovage',
      name: `w${n}`,
      status: 'live',
      death: null,
      host: null,
      pid: null,
      pool: null,
      queues: [],
    },
    ...{ contracts: null, serves: null, concurrency: null, running: 0, oldestRunningAt: null },
    vitals: {
      ...{ slots: null, slotsUsed: null, waiting: null, cpu: null, memoryMb: null },
      ...{ eventLoopDelayMs: null, eventLoopUse: null },
    },
    ...{ startedAt: '2026-11-29T00:00:00.000Z', seenAt: null, leaseUntil: '2026-11-29T00:00:00.000Z' },
    ...{ goneAt: null, held: null },
  });
  found = [worker(0), worker(1)];
  await source.read();
  found = [worker(0)];
  await source.read();
  expect(LiveWorkers.parse(source.since(1)!.data)).toMatchObject({ whole: false, items: [], gone: [id(1)] });
  for (let n = 2; n < 1_010; n += 1) {
    found = [worker(n)];
    await source.read();
  }
  expect(LiveWorkers.parse(source.since(1)!.data)).toMatchObject({ whole: true, items: [{ id: id(1_009) }], gone: [] });
});
