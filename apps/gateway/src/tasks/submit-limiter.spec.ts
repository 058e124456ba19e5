import { encodeTask } from '@lovage/celery';
import { add } from '@lovage/contracts';
import { newId } from '@lovage/foundation';
import type { AgainManyAnswer } from '@lovage/http-api';
import type { NewDeadLetter } from '@lovage/ports';
import { defineSchedule, storedSchedule } from '@lovage/task';
import { TestClock } from '@lovage/testing';
import { type Answer, TestGateway } from '../testing/test-gateway.ts';
import { SubmitLimiter } from './submit-limiter.ts';

const rate = { count: 3, perMs: 60_000 };

test('an allowance is used up and fills again evenly, for each user', async () => {
  const clock = new TestClock();
  const limiter = new SubmitLimiter(rate, clock);
  for (let i = 0; i < 3; i += 1) limiter.charge('a');
  expect(() => limiter.charge('a')).toThrow(
    expect.objectContaining({ code: 'too_many_submits', headers: { 'retry-after': '20' } }),
  );
  limiter.charge('b', 3);
  await clock.advance(19_000);
  expect(() => limiter.charge('a')).toThrow(expect.objectContaining({ headers: { 'retry-after': '1' } }));
  await clock.advance(1_000);
  limiter.charge('a');
  expect(() => limiter.charge('a')).toThrow();
  await clock.advance(3_600_000);
  limiter.charge('a', 3);
  expect(() => limiter.charge('a')).toThrow();
});

test('a batch larger than the allowance is paid off afterwards', async () => {
  const clock = new TestClock();
  const limiter = new SubmitLimiter(rate, clock);
  limiter.charge('a');
  expect(() => limiter.charge('a', 9)).toThrow(expect.objectContaining({ headers: { 'retry-after': '20' } }));
  await clock.advance(20_000);
  limiter.charge('a', 9);
  await clock.advance(120_000);
  expect(() => limiter.charge('a')).toThrow(expect.objectContaining({ headers: { 'retry-after': '20' } }));
  await clock.advance(20_000);
  limiter.charge('a');
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
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(800);
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
  const refused = (answer: Answer) => expect([answer.status, answer.problem().code]).toEqual([429, 'too_many_submits']);

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
    const first = (await gateway.ask('/api/tasks/retry', { body })).json<AgainManyAnswer>();
    expect(first).toMatchObject({ submitted: 50, nextCursor: expect.any(String) });
    refused(await gateway.ask('/api/tasks/retry', { body: { ...body, cursor: first.nextCursor } }));
    // Fifty cost twenty-five hours, of which one was there.
    await clock.advance(25 * 3_600_000);
    const next = await gateway.ask('/api/tasks/retry', { body: { ...body, cursor: first.nextCursor } });
    expect(next.json()).toMatchObject({ submitted: 50 });
  });

  test('redrives of dead letters are charged, one by one and in bulk', async () => {
    await using gateway = await TestGateway.start({ options: { submitRate } });
    const ids = Array.from({ length: 3 }, () => newId());
    await gateway.store.deadLetters.keep(ids.map(letterOf));
    const redrive = (id: string) => gateway.ask(`/api/dead-letters/${id}/redrive`, { method: 'POST' });
    expect((await redrive(ids[0]!)).status).toBe(202);
    const many = () => gateway.ask('/api/dead-letters/redrive', { body: { filter: { queue: 'default' } } });
    expect((await many()).json()).toMatchObject({ submitted: 2 });
    refused(await many());
    refused(await redrive(await keptLetter(gateway)));
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

  const letterOf = (id: string): NewDeadLetter => {
    const { body, headers } = encodeTask({
      ...{ id, name: 'math.add', inputJson: JSON.stringify(input), rootId: id, parentId: null, retries: 0, turn: 0 },
      hasRow: true,
    });
    return {
      ...{ id, fingerprint: id, redelivered: false, queue: 'default', reason: 'rejected', code: null, detail: null },
      ...{ taskId: id, wireId: null, name: 'math.add', turn: 0, priority: null, hadRow: false },
      ...{ headers: JSON.stringify(headers), contentType: 'application/json', contentEncoding: 'utf-8' },
      ...{ body, bodySize: body.length, diedAt: null, task: null, error: '{"type":"Rejected","message":"no"}' },
      sendAgain: false,
    };
  };
  const keptLetter = async (gateway: TestGateway): Promise<string> => {
    const id = newId();
    await gateway.store.deadLetters.keep([letterOf(id)]);
    return id;
  };
});
