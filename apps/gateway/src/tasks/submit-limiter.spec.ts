import { encodeTask } from '@lovage/celery';
import { add } from '@lovage/contracts';
import { newId } from '@lovage/foundation';
import type { BulkRetryAnswer } from '@lovage/http-api';
import type { NewDeadLetter, RateCounters } from '@lovage/ports';
import { defineSchedule, storedSchedule } from '@lovage/task';
import { openStore } from '@lovage/store-postgres';
import { silentLog, TestClock, testDatabase, type TestDatabase } from '@lovage/testing';
import { passWindows } from '../testing/rate-windows.ts';
import { type GatewayAnswer, TestGateway } from '../testing/test-gateway.ts';
import { SubmitLimiter } from './submit-limiter.ts';

describe('the limiter', () => {
  let db: TestDatabase;
  beforeAll(async () => void (db = await testDatabase()));
  afterAll(() => db.drop());

  /** Limiters of as many gateways, with nothing counted. */
  async function fixture({ gateways = 1, rate = { count: 3, perMs: 60_000 } } = {}) {
    await db.query('truncate rate_counters');
    const clock = new TestClock();
    let questions = 0;
    const stores = Array.from({ length: gateways }, () => openStore({ url: db.url, log: silentLog }));
    const limiters = stores.map(({ rates }) => {
      const counting: RateCounters = {
        counter: (options) => {
          const counter = rates.counter(options);
          return { ...counter, add: (key, n) => ((questions += 1), counter.add(key, n)) };
        },
      };
      return new SubmitLimiter(rate, counting, clock);
    });
    return {
      limiter: limiters[0]!,
      pass: (ms: number) => passWindows(db, clock, ms),
      questions: () => questions,
      /** How many of so many submits at once went through, at all gateways one after another. */
      async passed(submits: number, userId = 'a') {
        const all = Array.from({ length: submits }, (_, n) => limiters[n % gateways]!.charge(userId));
        return (await Promise.allSettled(all)).filter(({ status }) => status === 'fulfilled').length;
      },
      [Symbol.asyncDispose]: async () => void (await Promise.all(stores.map((store) => store.close()))),
    };
  }
  const refusal = (charged: Promise<void>): Promise<unknown> =>
    charged.then(
      () => undefined,
      (error: unknown) => error,
    );

  test('so many within a time that begins with the first, for each user', async () => {
    await using f = await fixture();
    for (let i = 0; i < 3; i += 1) await f.limiter.charge('a');
    expect(await refusal(f.limiter.charge('a'))).toMatchObject({ code: 'too_many_submits' });
    await f.limiter.charge('b', 3);
    await f.pass(40_000);
    const { headers } = (await refusal(f.limiter.charge('a'))) as { headers: Record<string, string> };
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(20);
    await f.pass(20_000);
    await f.limiter.charge('a', 3);
    expect(await refusal(f.limiter.charge('a'))).toBeDefined();
  });

  test('a batch that is refused leaves what there was to smaller ones', async () => {
    await using f = await fixture({ gateways: 2 });
    await f.limiter.charge('a');
    expect(await refusal(f.limiter.charge('a', 3))).toBeDefined();
    expect(await f.limiter.allows('a')).toBe(true);
    await f.limiter.charge('a', 2);
    expect(await f.limiter.allows('a')).toBe(false);
  });

  test('a batch larger than the allowance is paid off afterwards', async () => {
    await using f = await fixture();
    await f.limiter.charge('a');
    expect(await refusal(f.limiter.charge('a', 9))).toBeDefined();
    await f.pass(60_000);
    await f.limiter.charge('a', 9);
    await f.pass(179_000);
    expect(await refusal(f.limiter.charge('a'))).toBeDefined();
    await f.pass(1_000);
    await f.limiter.charge('a');
  });

  test('what was made beyond the allowance is paid off, at every gateway', async () => {
    await using f = await fixture({ gateways: 2 });
    await f.limiter.note('a', 9);
    await f.pass(179_000);
    expect(await f.passed(4)).toBe(0);
    await f.pass(1_000);
    expect(await f.passed(4)).toBe(3);
  });

  test.each([
    [3, 2],
    [100, 2],
    [1_000, 3],
  ])('of %i a minute so many pass at %i gateways, at once and one by one', async (count, gateways) => {
    await using f = await fixture({ gateways, rate: { count, perMs: 60_000 } });
    const first = await f.passed(Math.floor(count / 2));
    expect(first).toBe(Math.floor(count / 2));
    expect(first + (await f.passed(count + 50))).toBe(count);
    expect(await f.passed(10)).toBe(0);
    // One after another, not at once: shares are used before more is taken.
    await f.pass(60_000);
    let passed = 0;
    for (let n = 0; n < count / gateways + 60; n += 1) passed += await f.passed(gateways);
    expect(passed).toBe(count);
  });

  test('Postgres is asked twenty times for an allowance, not for each submit', async () => {
    await using f = await fixture({ rate: { count: 10_000, perMs: 60_000 } });
    for (let n = 0; n < 10_000; n += 1) await f.limiter.charge('a');
    expect(await refusal(f.limiter.charge('a'))).toBeDefined();
    expect(f.questions()).toBeLessThanOrEqual(21);
    // Once it is spent nobody is asked until the time is over.
    for (let n = 0; n < 1_000; n += 1) await refusal(f.limiter.charge('a'));
    expect(f.questions()).toBeLessThanOrEqual(21);
  });
});

test('while Postgres is away a gateway counts alone, and takes submits', async () => {
  await using gateway = await TestGateway.start({
    proxied: true,
    options: { submitRate: { count: 4, perMs: 60_000 } },
  });
  const submit = () => gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } });
  expect((await submit()).status).toBe(202);
  await gateway.proxy.refuse();
  const statuses: number[] = [];
  while (statuses.at(-1) !== 429 && statuses.length < 6) statuses.push((await submit()).status);
  // Where Postgres took more than a second for the first submit, that was counted here too.
  expect([
    [202, 202, 202, 202, 429],
    [202, 202, 202, 429],
  ]).toContainEqual(statuses);
});

test('over REST: of an allowance of four two gateways take four', async () => {
  const options = { submitRate: { count: 4, perMs: 3_600_000 } };
  await using one = await TestGateway.start({ options });
  await using two = await TestGateway.start({ options, beside: one });
  const body = { input: { x: 1, y: 2 } };
  const answers = [];
  for (const at of [one, two, one, two, one, two]) answers.push((await at.ask('/api/tasks/math.add', { body })).status);
  expect(answers).toEqual([202, 202, 202, 202, 429, 429]);
  expect(await one.db.query('select count(*)::int as n from tasks')).toEqual([{ n: 4 }]);
});

test('over REST: every way to submit counts, and what is over it stores nothing', async () => {
  await using gateway = await TestGateway.start({ options: { submitRate: { count: 4, perMs: 3_600_000 } } });
  const input = { x: 1, y: 2 };
  const first = (await gateway.ask('/api/tasks/math.add', { body: { input } })).json();
  await gateway.finish(first.id, 'SUCCESS', 3);
  expect((await gateway.ask('/api/tasks', { body: { name: 'math.add', input } })).status).toBe(202);
  expect((await gateway.ask(`/api/tasks/${first.id}/retry`, { method: 'POST' })).status).toBe(202);
  const batch = (tasks: number) =>
    gateway.ask('/api/tasks/batch', { body: { tasks: Array(tasks).fill({ name: 'math.add', input }) } });
  expect((await batch(2)).problem().code).toBe('too_many_submits');
  expect((await batch(1)).status).toBe(200);
  for (const [url, body] of [
    ['/api/tasks/math.add', { input }],
    ['/api/tasks', { name: 'math.add', input }],
    [`/api/tasks/${first.id}/retry`, {}],
  ] as const) {
    const answer = await gateway.ask(url, { body });
    expect([answer.status, answer.problem().code]).toEqual([429, 'too_many_submits']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3_000);
  }
  expect(await gateway.db.query('select count(*)::int as n from tasks')).toEqual([{ n: 4 }]);
  expect((await gateway.ask('/api/tasks')).status).toBe(200);
});

describe('over REST, of an allowance of two', () => {
  const input = { x: 1, y: 2 };
  const submitRate = { count: 2, perMs: 3_600_000 };
  const tasks = async (gateway: TestGateway) =>
    (await gateway.db.query<{ n: number }>('select count(*)::int as n from tasks'))[0]!.n;
  /** So many ended tasks, made before anybody counted. */
  const failures = async (gateway: TestGateway, n: number): Promise<string[]> => {
    const ids = Array.from({ length: n }, () => newId());
    await gateway.db.query(
      `insert into tasks (id, root_id, name, queue, state, input, created_at, finished_at)
       select id, id, 'math.add', 'default', 'FAILURE', $2, now(), now() from unnest($1::uuid[]) id`,
      [ids, JSON.stringify(input)],
    );
    return ids;
  };
  const refused = (answer: GatewayAnswer) =>
    expect([answer.status, answer.problem().code]).toEqual([429, 'too_many_submits']);

  test('a bulk retry by ids is charged for the tasks that it made', async () => {
    await using gateway = await TestGateway.start({ options: { submitRate } });
    const ids = await failures(gateway, 2);
    await gateway.ask('/api/tasks/math.add', { body: { input } });
    refused(await gateway.ask('/api/tasks/retry', { body: { ids } }));
    expect(await tasks(gateway)).toBe(3);
    const one = { ids: [ids[0]] };
    expect((await gateway.ask('/api/tasks/retry', { body: one })).json()).toMatchObject({ submitted: 1 });
    refused(await gateway.ask('/api/tasks/retry', { body: one }));
    refused(await gateway.ask('/api/tasks/math.add', { body: { input } }));
  });

  test('a bulk retry by filter stops where the allowance ends, and goes on with its cursor', async () => {
    const clock = new TestClock(Date.now());
    await using gateway = await TestGateway.start({ clock, options: { submitRate } });
    await failures(gateway, 120);
    const body = { filter: { name: 'math.add', state: 'FAILURE' } };
    const first = (await gateway.ask('/api/tasks/retry', { body })).json<BulkRetryAnswer>();
    expect(first).toMatchObject({ submitted: 50, nextCursor: expect.any(String) });
    refused(await gateway.ask('/api/tasks/retry', { body: { ...body, cursor: first.nextCursor } }));
    // Fifty cost twenty-five hours, of which one was there.
    await passWindows(gateway.db, clock, 25 * 3_600_000);
    const next = await gateway.ask('/api/tasks/retry', { body: { ...body, cursor: first.nextCursor } });
    expect(next.json()).toMatchObject({ submitted: 50 });
  });

  test('redrives of dead letters are charged, one by one and in bulk', async () => {
    await using gateway = await TestGateway.start({ options: { submitRate } });
    const ids = Array.from({ length: 3 }, () => newId());
    await gateway.store.deadLetters.keep(ids.map(deadLetterOf));
    const redrive = (id: string) => gateway.ask(`/api/dead-letters/${id}/redrive`, { method: 'POST' });
    expect((await redrive(ids[0]!)).status).toBe(202);
    const many = () => gateway.ask('/api/dead-letters/redrive', { body: { filter: { queue: 'default' } } });
    expect((await many()).json()).toMatchObject({ submitted: 2 });
    refused(await many());
    refused(await redrive(await keptDeadLetter(gateway)));
  });

  test('a schedule that is run by hand is charged', async () => {
    await using gateway = await TestGateway.start({ options: { submitRate } });
    const schedule = defineSchedule({ name: 'sums', contract: add, input, every: '1h' });
    await gateway.store.schedules.mirror([{ ...schedule, definition: storedSchedule(schedule) }]);
    const run = () => gateway.ask('/api/schedules/sums/run', { method: 'POST' });
    expect([(await run()).status, (await run()).status]).toEqual([202, 202]);
    refused(await run());
    expect(await tasks(gateway)).toBe(2);
  });

  const deadLetterOf = (id: string): NewDeadLetter => {
    const { body, headers } = encodeTask({
      ...{
        id,
        name: 'math.add',
        inputJson: JSON.stringify(input),
        rootId: id,
        parentId: null,
        retries: 0,
        generation: 0,
      },
      hasRow: true,
    });
    return {
      ...{ id, fingerprint: id, redelivered: false, queue: 'default', reason: 'rejected', code: null, detail: null },
      ...{ taskId: id, wireId: null, name: 'math.add', generation: 0, priority: null, hadRow: false },
      ...{ headers: JSON.stringify(headers), contentType: 'application/json', contentEncoding: 'utf-8' },
      ...{ body, bodySize: body.length, diedAt: null, task: null, error: '{"type":"Rejected","message":"no"}' },
      resend: false,
    };
  };
  const keptDeadLetter = async (gateway: TestGateway): Promise<string> => {
    const id = newId();
    await gateway.store.deadLetters.keep([deadLetterOf(id)]);
    return id;
  };
});
