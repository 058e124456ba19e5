import { openStore, type PgStore } from '@lovage/store-postgres';
import { StoreUnavailableError, type Firing, type ScheduleStore } from '@lovage/ports';
import { ContractRegistry, defineTask, storedSchedule, type Schedule } from '@lovage/task';
import { RecordingLog, TestClock, testDatabase, type TestDatabase } from '@lovage/testing';
import { contracts, noted, prepare, schedule } from '../testing/schedules.ts';
import { ScheduleRunner, type ScheduleRunnerOptions } from './schedule-runner.ts';

interface Fixture extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly store: PgStore;
  readonly log: RecordingLog;
  /** A runner whose clock stands still: it looks when it starts, and when it is told to. */
  runner(options?: Partial<ScheduleRunnerOptions>): ScheduleRunner;
  /** As if so much time had passed since the last look; moments that fired then do not fire again. */
  pass(seconds: number): Promise<void>;
}

async function fixture(schedules: readonly Schedule[]): Promise<Fixture> {
  const db = await testDatabase();
  const log = new RecordingLog();
  const store = openStore({ url: db.url, log });
  const runners: ScheduleRunner[] = [];
  return {
    ...{ db, store, log },
    runner(options = {}) {
      const clock = new TestClock();
      const runner = new ScheduleRunner({
        ...{ store: store.schedules, schedules, contracts, prepare, log, clock },
        ...options,
      });
      runners.push(runner);
      return runner;
    },
    async pass(seconds) {
      await db.query("update schedules set decided_until = decided_until - $1::float8 * interval '1 s'", [seconds]);
    },
    async [Symbol.asyncDispose]() {
      for (const runner of runners) await runner.stop();
      await store.close();
      await db.drop();
    },
  };
}

/** Starts it, and has its first look behind it. */
async function started(runner: ScheduleRunner): Promise<ScheduleRunner> {
  const looked = runner.looked.next();
  await runner.start();
  await looked;
  return runner;
}

const firings = (f: Fixture) =>
  f.db.query<{ schedule: string; due_at: Date; task_id: string }>('select * from firings order by schedule, due_at');

test('fires each moment with a task like any other, and tells the relay', async () => {
  await using f = await fixture([schedule('a', { queue: 'q', expires: '1m' })]);
  let poked = 0;
  const runner = await started(f.runner({ onFired: () => (poked += 1) }));
  await f.pass(5);
  const fired = await runner.runOnce();
  expect(fired.length).toBeGreaterThanOrEqual(5);
  expect(poked).toBe(1);
  const task = await f.store.tasks.get(fired[0]!.taskId);
  expect(task).toMatchObject({ name: noted.name, queue: 'q', input: { text: 'a' }, state: 'PENDING', eta: null });
  expect(task!.rootId).toBe(task!.id);
  // However late it fires, each task knows its own moment.
  for (const { taskId, dueAt } of fired)
    expect((await f.store.tasks.get(taskId))?.extra).toEqual({ scheduledFor: dueAt });
  // An expiry counts from Postgres' time: this process's clock stands in another year.
  const [{ ms }] = (await f.db.query(
    'select extract(epoch from expires_at - created_at) * 1000 as ms from tasks limit 1',
  )) as [{ ms: string }];
  expect(Number(ms)).toBeGreaterThan(59_000);
  expect(Number(ms)).toBeLessThanOrEqual(60_000);
});

test('one that starts while Postgres is away states its schedules once that is back', async () => {
  await using f = await fixture([schedule('a')]);
  let away = true;
  const { schedules } = f.store;
  const store: ScheduleStore = Object.assign(Object.create(schedules) as ScheduleStore, {
    mirror: (code: Parameters<ScheduleStore['mirror']>[0]) =>
      away ? Promise.reject(new StoreUnavailableError('away')) : schedules.mirror(code),
  });
  const clock = new TestClock();
  const runner = f.runner({ store, clock });
  await runner.start();
  expect(f.log.entries).toMatchObject([{ level: 'warn', message: expect.stringContaining('cannot be stated yet') }]);
  away = false;
  await runner.runOnce();
  expect(await f.db.query('select name from schedules')).toHaveLength(1);
});

test('unique: moments make no second task while the one before has not ended, whichever beat fires them', async () => {
  // By the contract's rule and by the schedule's own.
  const single = defineTask({ ...noted, name: 'test.single', defaults: { unique: true } });
  const known = new ContractRegistry([single, noted]);
  await using f = await fixture([
    schedule('by contract', { name: 'by_contract', contract: single }),
    schedule('by itself', { name: 'by_itself', unique: { by: ['text'] } }),
    schedule('free'),
  ]);
  const runners = await Promise.all(Array.from({ length: 5 }, () => started(f.runner({ contracts: known }))));
  await f.pass(5);
  await Promise.all(runners.map((runner) => runner.runOnce()));
  const tasksOf = (name: string, all: Awaited<ReturnType<typeof firings>>) =>
    new Set(all.filter(({ schedule: of }) => of === name).map(({ task_id }) => task_id)).size;
  const first = await firings(f);
  expect(['by_contract', 'by_itself'].map((name) => tasksOf(name, first))).toEqual([1, 1]);
  expect(tasksOf('free', first)).toBeGreaterThanOrEqual(5);
  await f.db.query("update tasks set state = 'SUCCESS', finished_at = now() where finished_at is null");
  // The same moments once more.
  await f.db.query('delete from firings');
  await f.pass(5);
  await Promise.all(runners.map((runner) => runner.runOnce()));
  const second = await firings(f);
  expect(['by_contract', 'by_itself'].map((name) => tasksOf(name, second))).toEqual([1, 1]);
  const before = new Set(first.map(({ task_id }) => task_id));
  expect(second.filter(({ task_id }) => before.has(task_id))).toEqual([]);
  for (const { task_id } of second) expect(await f.store.tasks.get(task_id)).toBeDefined();
});

test('ten at once: each moment once, with one task and one message', async () => {
  const all = { catchUp: { all: 100 } };
  await using f = await fixture([
    schedule('a', all),
    schedule('b', { ...all, every: '2s' }),
    schedule('c', { ...all, cron: '* * * * * *' }),
  ]);
  const runners = await Promise.all(Array.from({ length: 10 }, () => started(f.runner())));
  for (let round = 0; round < 5; round += 1) {
    await f.pass(4 * (round + 1));
    await Promise.all(runners.map((runner) => runner.runOnce()));
  }
  const rows = await firings(f);
  expect(rows.length).toBeGreaterThanOrEqual(50);
  expect(new Set(rows.map((row) => `${row.schedule} ${row.due_at.getTime()}`)).size).toBe(rows.length);
  const [counts] = await f.db.query(
    'select (select count(*) from tasks)::int as tasks, (select count(*) from outbox)::int as messages',
  );
  expect(counts).toEqual({ tasks: rows.length, messages: rows.length });
});

test.each([
  ['skip', 11],
  ['latest', 11],
  [{ all: 30 }, 41],
])('after an hour away, with %j: %d of its seconds', async (catchUp, most) => {
  await using f = await fixture([schedule('a', { catchUp })]);
  const runner = await started(f.runner());
  // On a busy machine a second may have passed before the first look, and have fired then.
  const before = (await firings(f)).length;
  await f.pass(3600);
  const { length } = await runner.runOnce();
  expect([most - 1, most]).toContain(before + length);
  expect(f.log.entries).toContainEqual(
    expect.objectContaining({ message: 'moments of a schedule passed while nothing fired it' }),
  );
});

test('a schedule of hours fires what it missed, once', async () => {
  await using f = await fixture([schedule('a', { every: '1h' }), schedule('b', { every: '1h', catchUp: 'skip' })]);
  const runner = await started(f.runner());
  const { now } = await f.store.schedules.read();
  await f.pass(3 * 3600);
  const hour = Math.floor(now / 3600_000) * 3600_000;
  // Within ten seconds of the full hour the moment is on time, for both.
  const expected =
    now - hour > 9000
      ? [['a', hour]]
      : [
          ['a', hour],
          ['b', hour],
        ];
  expect((await runner.runOnce()).map(({ schedule, dueAt }) => [schedule, dueAt])).toEqual(expected);
  expect(await runner.runOnce()).toEqual([]);
});

test('what it cannot fire it says once, and fires the others', async () => {
  const unknown = defineTask({ ...noted, name: 'test.gone' });
  await using f = await fixture([schedule('a'), schedule('b', { contract: unknown }), schedule('c')]);
  await started(f.runner());
  const refusing = (error: Error): ScheduleStore => ({
    ...bound(f.store.schedules),
    fire: (plans) =>
      plans.some((plan) => plan.schedule === 'c') ? Promise.reject(error) : f.store.schedules.fire(plans),
  });
  const runner = f.runner({ store: refusing(new Error('a value of c cannot be kept')) });
  for (let round = 0; round < 3; round += 1) {
    await f.pass(3 * (round + 1));
    const fired = await runner.runOnce();
    expect(new Set(fired.map((firing) => firing.schedule))).toEqual(new Set(['a']));
  }
  expect(
    f.log.entries.filter(({ level }) => level === 'error').map(({ fields, message }) => [fields['schedule'], message]),
  ).toEqual([
    ['b', 'a schedule cannot fire: its contract is not known to this beat'],
    ['c', 'a schedule cannot fire: a value of c cannot be kept'],
  ]);
});

test('sleeps until the next moment, and no longer than a second, also after failures', async () => {
  await using f = await fixture([schedule('a', { every: '1h' })]);
  const clock = new TestClock();
  let rows: Awaited<ReturnType<ScheduleStore['read']>>['schedules'] = [];
  let away = false;
  let failures = 0;
  const store: ScheduleStore = {
    ...bound(f.store.schedules),
    mirror: async (code) => {
      if (rows.length > 0) return { changed: [], older: [], ofPeople: [] };
      const mirrored = await f.store.schedules.mirror(code);
      rows = (await f.store.schedules.read()).schedules.map((row) => ({ ...row, decidedUntil: 0 }));
      return mirrored;
    },
    // From memory: a look is over within the pass of the event loop in which its timer fires.
    read: async () => {
      if (!away) return { now: 3_600_000 - 1500 + clock.monotonic(), schedules: rows };
      failures += 1;
      throw Object.assign(new Error('away'), { code: 'store_unavailable' });
    },
    fire: () => Promise.resolve([]),
  };
  const looks: number[] = [];
  const runner = f.runner({ store, clock });
  runner.looked.on(() => looks.push(clock.monotonic()));
  await started(runner);
  await clock.advance(1500);
  expect(looks).toEqual([0, 1000, 1500]);
  away = true;
  await clock.advance(10_000);
  expect(failures).toBeGreaterThanOrEqual(9);
  expect(f.log.entries.filter(({ level }) => level === 'warn')).toHaveLength(1);
  away = false;
  await clock.advance(1000);
  expect(looks.length).toBeGreaterThan(3);
});

test('two beats with different code: each keeps what is its own, the newest states what both have, nothing fires twice', async () => {
  await using f = await fixture([]);
  const [shared, changed] = [schedule('shared'), schedule('shared', { input: { text: 'changed' } })];
  const [oldClock, newClock] = [new TestClock(), new TestClock()];
  const older = await started(f.runner({ schedules: [schedule('dropped'), shared], clock: oldClock }));
  const newer = await started(f.runner({ schedules: [changed, schedule('added')], clock: newClock }));
  const revisions = () => f.db.query('select name, revision, removed_at from schedules order by name');
  const there = [
    { name: 'added', revision: 1, removed_at: null },
    { name: 'dropped', revision: 1, removed_at: null },
    { name: 'shared', revision: 2, removed_at: null },
  ];
  expect(await revisions()).toEqual(there);
  // They state their code again and again; a restart of the older one is no other.
  for (let i = 0; i < 5; i += 1) {
    await Promise.all([oldClock.advance(10_000), newClock.advance(10_000)]);
    await Promise.all([older.runOnce(), newer.runOnce()]);
  }
  const restarted = await started(f.runner({ schedules: [schedule('dropped'), shared] }));
  expect(await revisions()).toEqual(there);
  // What fired before the newer one was there is no matter.
  await f.db.query('delete from firings');
  await f.pass(3);
  const fired = await Promise.all([older.runOnce(), newer.runOnce(), restarted.runOnce()]);
  const names = (firings: (readonly Firing[])[]) => new Set(firings.flat().map((firing) => firing.schedule));
  expect(names([fired[0], fired[2]])).toEqual(new Set(['dropped']));
  expect(names([fired[1]])).toEqual(new Set(['added', 'shared']));
  const rows = await firings(f);
  expect(new Set(rows.map((row) => `${row.schedule} ${row.due_at.getTime()}`)).size).toBe(rows.length);
  const inputs = await f.db.query(
    "select distinct t.input->>'text' as text from firings f join tasks t on t.id = f.task_id where f.schedule = 'shared'",
  );
  expect(inputs).toEqual([{ text: 'changed' }]);
  expect(f.log.entries.filter(({ fields }) => fields['schedules'])).toMatchObject([
    { level: 'warn', fields: { schedules: ['shared'] } },
    { level: 'warn', fields: { schedules: ['shared'] } },
  ]);
  // The newer ones are gone, as after a rollback: the older code is in force again.
  await newer.stop();
  await f.db.query("update schedules set seen_at = seen_at - interval '2 min'");
  await f.pass(3);
  await oldClock.advance(10_000);
  await older.runOnce();
  expect(await f.db.query("select revision from schedules where name = 'shared'")).toEqual([{ revision: 3 }]);
});

test('two schedules of one name are refused', () => {
  const make = () =>
    new ScheduleRunner({
      ...{ store: undefined as never, schedules: [schedule('a'), schedule('a')] },
      ...{ contracts: new ContractRegistry([noted]), prepare, log: new RecordingLog() },
    });
  expect(make).toThrow('two schedules are named "a"');
});

test('is started and stopped again and again, also in the middle of a look', async () => {
  await using f = await fixture([schedule('a')]);
  for (let round = 0; round < 10; round += 1) {
    const runner = f.runner();
    await runner.start();
    await runner.stop();
    await runner.stop();
  }
  await f.runner().stop();
});

/** Its methods, to be spread: they live on the class. */
function bound(store: ScheduleStore): ScheduleStore {
  return {
    mirror: (code) => store.mirror(code),
    read: () => store.read(),
    fire: (plans) => store.fire(plans),
    runNow: (name, task) => store.runNow(name, task),
    pause: (name, by) => store.pause(name, by),
    resume: (name) => store.resume(name),
    remove: (name) => store.remove(name),
    create: (one, most) => store.create(one, most),
    change: (one, revision) => store.change(one, revision),
    firings: (name, options) => store.firings(name, options),
  };
}

describe('schedules that people made', () => {
  const made = (name: string, change: object = {}) => {
    const one = schedule(name, change);
    return { name, enabled: one.enabled, definition: storedSchedule(one) };
  };

  test('fire beside those of the code, in every beat that has their contract, each moment once', async () => {
    await using f = await fixture([schedule('code')]);
    await f.store.schedules.create(made('people'), 10);
    const runners = await Promise.all(Array.from({ length: 3 }, () => started(f.runner())));
    // A beat of another application, and one whose code knows nothing at all.
    const stranger = await started(f.runner({ contracts: new ContractRegistry([]), schedules: [] }));
    const older = await started(f.runner({ schedules: [] }));
    await f.pass(5);
    expect(await stranger.runOnce()).toEqual([]);
    expect(new Set((await older.runOnce()).map((firing) => firing.schedule))).toEqual(new Set(['people']));
    await f.pass(5);
    await Promise.all(runners.map((runner) => runner.runOnce()));
    const rows = await firings(f);
    for (const name of ['code', 'people']) {
      const dues = rows.filter((row) => row.schedule === name).map(({ due_at: at }) => at.getTime());
      expect(dues.length).toBeGreaterThanOrEqual(5);
      expect(new Set(dues).size).toBe(dues.length);
    }
    expect((await f.store.schedules.read()).schedules.map(({ name }) => name)).toEqual(['code', 'people']);
  });

  test('of a name that the code has hold, and a beat says so once', async () => {
    await using f = await fixture([schedule('a')]);
    await f.store.schedules.create(made('a', { input: { text: 'of people' } }), 10);
    const runner = await started(f.runner());
    await f.pass(3);
    const fired = await runner.runOnce();
    expect((await f.store.tasks.get(fired[0]!.taskId))?.input).toEqual({ text: 'of people' });
    expect(f.log.entries.filter(({ message }) => message.includes('people have made'))).toHaveLength(1);
  });

  test('bring their input to the version of the beat; one for a newer version is left to newer beats', async () => {
    const versions = (version: number, extra: object) =>
      defineTask({ ...noted, version, ...extra } as unknown as Parameters<typeof defineTask>[0]);
    const second = versions(2, {
      migrate: { 1: ({ text }: { text: string }) => ({ text: `${text}, migrated` }) },
    });
    const registry = (contract: typeof second) => new ContractRegistry([contract as never]);
    await using f = await fixture([]);
    await f.store.schedules.create(made('first'), 10);
    await f.store.schedules.create(made('second', { contract: second }), 10);
    const [older, newer] = [await started(f.runner()), await started(f.runner({ contracts: registry(second) }))];
    await f.pass(3);
    expect(new Set((await older.runOnce()).map((firing) => firing.schedule))).toEqual(new Set(['first']));
    // The same moments once more.
    await f.db.query('delete from firings');
    await f.pass(3);
    const fired = await newer.runOnce();
    const inputOf = async (name: string) =>
      (await f.store.tasks.get(fired.findLast((firing) => firing.schedule === name)!.taskId))!.input;
    expect(await inputOf('first')).toEqual({ text: 'first, migrated' });
    expect(await inputOf('second')).toEqual({ text: 'second' });
  });
});
