import { TestClock } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';
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
