import type { FiringPlan, MirroredSchedule } from '@lovage/ports';
import type { StoredSchedule } from '@lovage/task';
import { fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const definition: StoredSchedule = {
  contract: 'a.b',
  input: { text: 'nul \u0000 and "quotes"' },
  timing: { kind: 'every', everyMs: 1000 },
  catchUp: 'latest',
  options: {},
};
const of = (name: string, change: Partial<MirroredSchedule> = {}): MirroredSchedule => ({
  name,
  definition,
  enabled: true,
  ...change,
});

/** As if the schedules had been there for a minute. */
async function aged(f: StoreFixture, ...schedules: MirroredSchedule[]): Promise<number> {
  await f.store.schedules.mirror(schedules);
  await f.db.query("update schedules set decided_until = decided_until - interval '1 min'");
  return Math.floor((await f.store.schedules.read()).now / 1000) * 1000;
}

const plan = (schedule: string, dues: number[], change: Partial<FiringPlan> = {}): FiringPlan => ({
  schedule,
  revision: 1,
  decidedUntil: dues.at(-1) ?? 0,
  firings: dues.map((dueAt) => ({ dueAt, task: newTask() })),
  ...change,
});
const count = async (f: StoreFixture, table: string): Promise<number> =>
  (await f.db.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]!.n;
const one = async (f: StoreFixture, name = 'a') =>
  (await f.store.schedules.read()).schedules.find((schedule) => schedule.name === name)!;

/** As if no beat that states them had been seen for long. */
const gone = (f: StoreFixture) => f.db.query("update schedules set seen_at = seen_at - interval '2 min'");

describe('firing', () => {
  test('makes firing, task and message together', async () => {
    await using f = await fixture();
    const now = await aged(f, of('a'), of('b'));
    const plans = [plan('a', [now - 2000, now - 1000, now]), plan('b', [now - 1000])];
    const fired = await f.store.schedules.fire(plans);
    expect(fired.map(({ schedule, dueAt, trigger }) => [schedule, dueAt, trigger])).toEqual([
      ['a', now - 2000, 'schedule'],
      ['a', now - 1000, 'schedule'],
      ['a', now, 'schedule'],
      ['b', now - 1000, 'schedule'],
    ]);
    expect(fired.map(({ taskId }) => taskId)).toEqual(plans.flatMap((p) => p.firings.map(({ task }) => task.id)));
    for (const { taskId } of fired) expect(await f.store.tasks.get(taskId)).toMatchObject({ state: 'PENDING' });
    const due = await f.store.outbox.leaseDue({ withinMs: 0, leaseMs: 1000, limit: 10 });
    expect(new Set(due.map(({ taskId }) => taskId))).toEqual(new Set(fired.map(({ taskId }) => taskId)));
    expect(await one(f)).toMatchObject({ decidedUntil: now, lastDueAt: now, lastTaskId: fired[2]!.taskId });
  });

  test('of the same moments by many at once: once each', async () => {
    await using f = await fixture();
    const now = await aged(f, of('a'), of('b'));
    const dues = [now - 3000, now - 2000, now - 1000, now];
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        f.store.schedules.fire([plan('a', dues.slice(0, 1 + (i % 4))), plan('b', dues.slice(0, 1 + ((i + 1) % 4)))]),
      ),
    );
    const fired = results.flat();
    expect(new Set(fired.map(({ schedule, dueAt }) => `${schedule} ${dueAt}`)).size).toBe(fired.length);
    for (const table of ['firings', 'tasks', 'outbox']) expect(await count(f, table)).toBe(fired.length);
    // The one that was first with the longest list decided for all before it; nobody's list had a gap.
    expect(await one(f, 'a')).toMatchObject({ decidedUntil: now, lastDueAt: now });
    expect(fired.filter(({ schedule }) => schedule === 'a')).toHaveLength(4);
  });

  test('does nothing before the time by Postgres’ clock', async () => {
    await using f = await fixture();
    const now = await aged(f, of('a'));
    expect(await f.store.schedules.fire([plan('a', [now - 1000, now + 60_000])])).toEqual([]);
    expect(await count(f, 'tasks')).toBe(0);
    expect(await f.store.schedules.fire([plan('a', [now - 1000])])).toHaveLength(1);
  });

  test('of moments decided before does nothing; what a plan leaves out never fires', async () => {
    await using f = await fixture();
    const now = await aged(f, of('a'));
    expect(await f.store.schedules.fire([plan('a', [], { decidedUntil: now - 5000 })])).toEqual([]);
    expect(await one(f)).toMatchObject({ decidedUntil: now - 5000, lastDueAt: null });
    const late = plan('a', [now - 6000, now - 5000, now - 4000]);
    expect((await f.store.schedules.fire([late])).map(({ dueAt }) => dueAt)).toEqual([now - 4000]);
  });

  test.each([
    ['paused', (f: StoreFixture) => f.store.schedules.pause('a', null)],
    ['changed', (f: StoreFixture) => f.store.schedules.mirror([of('a', { definition: { ...definition, input: 1 } })])],
    ['disabled', (f: StoreFixture) => f.store.schedules.mirror([of('a', { enabled: false })])],
    ['removed', (f: StoreFixture) => gone(f).then(() => f.store.schedules.remove('a'))],
  ])('of a schedule %s meanwhile does nothing', async (_what, change) => {
    await using f = await fixture();
    const now = await aged(f, of('a'));
    await change(f);
    expect(await f.store.schedules.fire([plan('a', [now])])).toEqual([]);
    expect(await count(f, 'firings')).toBe(0);
    expect(await count(f, 'tasks')).toBe(0);
  });

  test('that races with a pause is before it or not at all', async () => {
    await using f = await fixture();
    const now = await aged(f, of('a'));
    const dues = Array.from({ length: 30 }, (_, i) => now - 30_000 + i * 1000);
    const [paused, ...fired] = await Promise.all([
      f.store.schedules.pause('a', null),
      ...dues.map((due) => f.store.schedules.fire([plan('a', [due])])),
    ]);
    expect(paused!.pausedAt).not.toBeNull();
    expect(await count(f, 'tasks')).toBe(fired.flat().length);
  });
});

describe('the mirror', () => {
  test('inserts and changes; leaves alone what is the same, and what it does not know', async () => {
    await using f = await fixture();
    const { schedules } = f.store;
    expect(await schedules.mirror([of('b'), of('a')])).toEqual({ changed: ['a', 'b'], older: [], ofPeople: [] });
    expect(await schedules.mirror([of('a'), of('b')])).toEqual({ changed: [], older: [], ofPeople: [] });
    expect((await schedules.read()).schedules).toMatchObject([
      { name: 'a', revision: 1, definition, enabled: true, pausedAt: null, stated: true },
      { name: 'b' },
    ]);
    expect(await schedules.mirror([of('a', { enabled: false })])).toEqual({ changed: ['a'], older: [], ofPeople: [] });
    expect((await schedules.read()).schedules).toMatchObject([
      { name: 'a', revision: 2, enabled: false },
      { name: 'b', revision: 1 },
    ]);
    expect(await schedules.mirror([])).toEqual({ changed: [], older: [], ofPeople: [] });
    expect((await schedules.read()).schedules).toHaveLength(2);
  });

  test('older code reverts nothing while newer code runs, and does when that is gone', async () => {
    await using f = await fixture();
    const { schedules } = f.store;
    const [older, newer] = [of('a'), of('a', { definition: { ...definition, input: 2 } })];
    await schedules.mirror([older]);
    expect(await schedules.mirror([newer])).toEqual({ changed: ['a'], older: [], ofPeople: [] });
    for (let i = 0; i < 3; i += 1) {
      expect(await schedules.mirror([older])).toEqual({ changed: [], older: ['a'], ofPeople: [] });
      expect(await schedules.mirror([newer])).toEqual({ changed: [], older: [], ofPeople: [] });
    }
    expect(await one(f)).toMatchObject({ definition: newer.definition, revision: 2 });
    await gone(f);
    expect(await one(f)).toMatchObject({ stated: false });
    expect(await schedules.mirror([older])).toEqual({ changed: ['a'], older: [], ofPeople: [] });
    expect(await schedules.mirror([newer])).toEqual({ changed: [], older: ['a'], ofPeople: [] });
    expect(await schedules.mirror([of('a', { enabled: false })])).toEqual({ changed: ['a'], older: [], ofPeople: [] });
    expect(await schedules.mirror([older])).toEqual({ changed: [], older: ['a'], ofPeople: [] });
  });

  test('what somebody removes is gone until a beat states it; one that does keeps it', async () => {
    await using f = await fixture();
    const { schedules } = f.store;
    await schedules.mirror([of('a')]);
    expect(await schedules.remove('x')).toBeUndefined();
    expect(await schedules.remove('a')).toBe(false);
    await gone(f);
    expect(await schedules.remove('a')).toBe(true);
    expect(await schedules.remove('a')).toBeUndefined();
    expect((await schedules.read()).schedules).toEqual([]);
    expect(await schedules.mirror([of('a')])).toEqual({ changed: ['a'], older: [], ofPeople: [] });
  });

  test.each<[string, Partial<MirroredSchedule>, boolean]>([
    ['another input', { definition: { ...definition, input: {} } }, false],
    ['another policy', { definition: { ...definition, catchUp: 'skip' } }, false],
    ['other moments', { definition: { ...definition, timing: { kind: 'every', everyMs: 2000 } } }, true],
    ['disabled', { enabled: false }, false],
  ])('%s: begins anew only with other moments', async (_what, change, anew) => {
    await using f = await fixture();
    await aged(f, of('a'));
    const before = (await one(f)).decidedUntil;
    await f.store.schedules.mirror([of('a', change)]);
    expect((await one(f)).decidedUntil > before).toBe(anew);
  });

  test('brought back or enabled again it begins anew, and a pause outlives it all', async () => {
    await using f = await fixture();
    await aged(f, of('a', { enabled: false }));
    const first = (await one(f)).decidedUntil;
    await f.store.schedules.pause('a', null);
    await f.store.schedules.mirror([of('a')]);
    const second = await one(f);
    expect(second.decidedUntil).toBeGreaterThan(first);
    await f.db.query("update schedules set decided_until = decided_until - interval '1 min'");
    await gone(f);
    await f.store.schedules.remove('a');
    await f.store.schedules.mirror([of('a')]);
    expect((await one(f)).decidedUntil).toBeGreaterThan(second.decidedUntil - 60_000);
    expect((await one(f)).pausedAt).not.toBeNull();
  });

  test('by many at once, of two versions of the code', async () => {
    await using f = await fixture();
    const versions = [
      [of('a'), of('b'), of('c')],
      [of('b', { enabled: false }), of('c'), of('d')],
    ];
    await f.store.schedules.mirror(versions[0]!);
    await f.store.schedules.mirror(versions[1]!);
    await Promise.all(Array.from({ length: 20 }, (_, i) => f.store.schedules.mirror(versions[i % 2]!)));
    expect((await f.store.schedules.read()).schedules).toMatchObject([
      { name: 'a', revision: 1 },
      { name: 'b', revision: 2, enabled: false },
      { name: 'c', revision: 1 },
      { name: 'd', revision: 1 },
    ]);
  });
});

describe('by hand', () => {
  test('pause and resume are idempotent, and what passed meanwhile is decided', async () => {
    await using f = await fixture();
    const now = await aged(f, of('a'));
    const by = newTask().id;
    const paused = await f.store.schedules.pause('a', by);
    expect(paused).toMatchObject({ pausedBy: by });
    expect(await f.store.schedules.pause('a', newTask().id)).toEqual(paused);
    const resumed = await f.store.schedules.resume('a');
    expect(resumed).toMatchObject({ pausedAt: null, pausedBy: null });
    expect(resumed!.decidedUntil).toBeGreaterThanOrEqual(now);
    expect(await f.store.schedules.resume('a')).toEqual(resumed);
    expect(await f.store.schedules.fire([plan('a', [now - 1000])])).toEqual([]);
    expect(await f.store.schedules.pause('x', null)).toBeUndefined();
    expect(await f.store.schedules.resume('x')).toBeUndefined();
  });

  test('runs now: also paused, any number at once, and leaves the moments as they are', async () => {
    await using f = await fixture();
    await aged(f, of('a', { enabled: false }));
    const before = await f.store.schedules.pause('a', null);
    const fired = await Promise.all(
      Array.from({ length: 10 }, () => f.store.schedules.runNow('a', { task: newTask() })),
    );
    expect(new Set(fired.map((firing) => firing!.dueAt)).size).toBe(10);
    expect(await count(f, 'tasks')).toBe(10);
    expect(await count(f, 'outbox')).toBe(10);
    const after = await one(f);
    expect(after.decidedUntil).toBe(before!.decidedUntil);
    expect(fired.map((firing) => firing!.taskId)).toContain(after.lastTaskId);
    expect(await f.store.schedules.runNow('x', { task: newTask() })).toBeUndefined();
  });

  test('history: newest first, page by page', async () => {
    await using f = await fixture();
    const now = await aged(f, of('a'), of('b'));
    await f.store.schedules.fire([plan('a', [now - 2000, now - 1000, now]), plan('b', [now])]);
    const manual = await f.store.schedules.runNow('a', { task: newTask() });
    await f.db.query("update firings set due_at = $1 where trigger = 'manual'", [new Date(now)]);
    const page = await f.store.schedules.firings('a', { limit: 2 });
    expect(page.map(({ dueAt, trigger }) => [dueAt, trigger])).toEqual([
      [now, 'schedule'],
      [now, 'manual'],
    ]);
    expect(page[1]!.taskId).toBe(manual!.taskId);
    const rest = await f.store.schedules.firings('a', { limit: 9, before: page[0]! });
    expect(rest.map(({ dueAt }) => dueAt)).toEqual([now, now - 1000, now - 2000]);
    expect(await f.store.schedules.firings('x', { limit: 9 })).toEqual([]);
  });
});

describe('made by people', () => {
  test('begins now, is changed at the revision that was read alone, and is removed at once', async () => {
    await using f = await fixture();
    const { schedules } = f.store;
    const made = await schedules.create(of('mine'), 2);
    expect(made).toMatchObject({ name: 'mine', source: 'api', revision: 1, definition, enabled: true });
    expect(await schedules.create(of('mine'), 2)).toBe('exists');
    expect(await schedules.create(of('second', { enabled: false }), 2)).toMatchObject({ enabled: false });
    expect(await schedules.create(of('third'), 2)).toBe('too_many');
    await f.db.query("update schedules set decided_until = decided_until - interval '1 min'");
    const before = (await one(f, 'mine')).decidedUntil;
    const other = of('mine', { definition: { ...definition, input: 1 } });
    expect(await schedules.change(other, 1)).toMatchObject({
      revision: 2,
      definition: { input: 1 },
      decidedUntil: before,
    });
    expect(await schedules.change(of('mine'), 1)).toBeUndefined();
    const moments = of('mine', { definition: { ...definition, timing: { kind: 'every', everyMs: 5000 } } });
    expect((await schedules.change(moments, 2))!.decidedUntil).toBeGreaterThan(before);
    expect(await schedules.change(of('second'), 1)).toMatchObject({ enabled: true });
    expect((await one(f, 'second')).decidedUntil).toBeGreaterThan(before);
    expect(await schedules.remove('mine')).toBe(true);
    expect(await schedules.change(moments, 3)).toBeUndefined();
    expect(await schedules.remove('mine')).toBeUndefined();
  });

  test('of one name by many at once: one', async () => {
    await using f = await fixture();
    const made = await Promise.all(Array.from({ length: 10 }, () => f.store.schedules.create(of('a'), 100)));
    expect(made.filter((one) => typeof one === 'object')).toHaveLength(1);
    expect(made.filter((one) => one === 'exists')).toHaveLength(9);
  });

  test('code of the same name leaves it alone, and is in force once it is removed', async () => {
    await using f = await fixture();
    const { schedules } = f.store;
    const theirs = of('a', { definition: { ...definition, input: 'of people' } });
    await schedules.create(theirs, 10);
    expect(await schedules.mirror([of('a')])).toEqual({ changed: [], older: [], ofPeople: ['a'] });
    expect(await one(f)).toMatchObject({ source: 'api', definition: { input: 'of people' }, seenAt: null });
    await schedules.remove('a');
    expect(await schedules.mirror([of('a')])).toEqual({ changed: ['a'], older: [], ofPeople: [] });
    expect(await one(f)).toMatchObject({ source: 'code', stated: true });
    // What the code states is for nobody else to take or to change.
    expect(await schedules.create(theirs, 10)).toBe('exists');
    expect(await schedules.change(theirs, (await one(f)).revision)).toBeUndefined();
  });

  test('under the name of one that was removed it begins anew: not paused, with its history', async () => {
    await using f = await fixture();
    const { schedules } = f.store;
    await schedules.mirror([of('a')]);
    await schedules.runNow('a', { task: newTask() });
    await schedules.pause('a', null);
    await gone(f);
    await schedules.remove('a');
    const before = (await f.db.query<{ decided_until: Date }>('select decided_until from schedules'))[0]!.decided_until;
    expect(await schedules.create(of('a'), 10)).toMatchObject({ source: 'api', pausedAt: null, seenAt: null });
    expect((await one(f)).decidedUntil).toBeGreaterThanOrEqual(before.getTime());
    expect(await schedules.firings('a', { limit: 9 })).toHaveLength(1);
  });
});
