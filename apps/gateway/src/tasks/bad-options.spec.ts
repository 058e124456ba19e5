import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const HOUR_MS = 3_600_000;
const fromNow = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Options that a submit must not take, and where the answer says they are wrong. */
const BAD: readonly [object, string][] = [
  [{ dely: 1 }, 'options.dely'],
  [{ countdown: -1 }, 'options.countdown'],
  [{ rateLimit: '5/x' }, 'options.rateLimit'],
  [{ concurrency: 1 }, 'options.concurrency'],
  [{ delay: -1 }, 'options.delay'],
  [{ delay: '-1s' }, 'options.delay'],
  [{ delay: 'soon' }, 'options.delay'],
  [{ delay: '4000d' }, 'options.delay'],
  [{ delay: 1, eta: fromNow(HOUR_MS) }, 'options.eta'],
  [{ eta: fromNow(-HOUR_MS) }, 'options.eta'],
  [{ eta: 'tomorrow' }, 'options.eta'],
  [{ eta: '2026-11-21T09:30:00' }, 'options.eta'],
  [{ eta: null }, 'options.eta'],
  [{ eta: 1_800_000_000 }, 'options.eta'],
  [{ expires: 0 }, 'options.expires'],
  [{ expires: -1 }, 'options.expires'],
  [{ expires: fromNow(-HOUR_MS) }, 'options.expires'],
  [{ expires: 10, delay: 10 }, 'options.expires'],
  [{ expires: '5s', delay: '1m' }, 'options.expires'],
  [{ expires: fromNow(HOUR_MS), eta: fromNow(2 * HOUR_MS) }, 'options.expires'],
  [{ expires: true }, 'options.expires'],
  [{ timeLimit: 0 }, 'options.timeLimit'],
  [{ timeLimit: '1h ' }, 'options.timeLimit'],
  [{ softTimeLimit: -5 }, 'options.softTimeLimit'],
  [{ timeLimit: 5, softTimeLimit: 5 }, 'options.softTimeLimit'],
  [{ queue: 'a b' }, 'options.queue'],
  [{ queue: '' }, 'options.queue'],
  [{ queue: '.hidden' }, 'options.queue'],
  [{ queue: 'q'.repeat(201) }, 'options.queue'],
  [{ queue: ['default'] }, 'options.queue'],
  [{ queue: 'lovage.dead' }, 'options.queue'],
  [{ queue: 'celeryev' }, 'options.queue'],
  [{ queue: 'amq.direct' }, 'options.queue'],
  [{ priority: 11 }, 'options.priority'],
  [{ priority: -1 }, 'options.priority'],
  [{ priority: 1.5 }, 'options.priority'],
  [{ priority: '5' }, 'options.priority'],
  [{ priority: null }, 'options.priority'],
  [{ retry: 3 }, 'options.retry'],
  [{ retry: { maxAttempts: 0 } }, 'options.retry.maxAttempts'],
  [{ retry: { maxAttempts: 1.5 } }, 'options.retry.maxAttempts'],
  [{ retry: { backoff: 'steep' } }, 'options.retry.backoff'],
  [{ retry: { delay: -1 } }, 'options.retry.delay'],
  [{ retry: { delay: '2m', maxDelay: '1m' } }, 'options.retry.maxDelay'],
  [{ retry: { jitter: 'yes' } }, 'options.retry.jitter'],
  [{ retry: { attempts: 2 } }, 'options.retry.attempts'],
  [{ retry: { on: 'Timeout' } }, 'options.retry.on'],
  [{ retry: { never: [1] } }, 'options.retry.never.0'],
  [{ retry: { errors: { Slow: { delay: '2m', maxDelay: '1m' } } } }, 'options.retry.errors.Slow.maxDelay'],
  [{ retry: { on: Array(90).fill('x'.repeat(90)) } }, 'options.retry'],
  [{ idempotencyKey: 'k' }, 'options.idempotencyKey'],
  [{ userId: '01890a5d-ac96-774b-bcce-b302099a8057' }, 'options.userId'],
];

test.each(BAD)('%j is refused with its path', async (options, path) => {
  for (const url of ['/api/tasks/math.divide', '/api/tasks']) {
    const name = url === '/api/tasks' ? { name: 'math.divide' } : {};
    const answer = await gateway.ask(url, { body: { ...name, input: { x: 1, y: 2 }, options } });
    expect([answer.status, answer.problem().code]).toEqual([422, 'options_invalid']);
    expect(answer.problem().errors.map((error) => error.path)).toContain(path);
  }
});

test('the same in a batch, each for itself', async () => {
  const tasks = BAD.map(([options]) => ({ name: 'math.divide', input: { x: 1, y: 2 }, options }));
  const answer = await gateway.ask('/api/tasks/batch', { body: { tasks } });
  const { items } = answer.json() as unknown as {
    items: { status: number; problem: { errors: { path: string }[] } }[];
  };
  expect(items.map((item) => item.status)).toEqual(BAD.map(() => 422));
  for (const [i, [, path]] of BAD.entries())
    expect(items[i]!.problem.errors.map((error) => error.path)).toContain(path);
});

test('nothing of all that was stored or sent', async () => {
  for (const table of ['tasks', 'outbox', 'keys'])
    expect(await gateway.db.query(`select count(*)::int as n from ${table}`)).toEqual([{ n: 0 }]);
  expect(gateway.broker.sent).toEqual([]);
});

test('a policy that is right is kept with the task', async () => {
  const retry = { maxAttempts: 3, errors: { DivisionByZero: false, Slow: { delay: '1m', backoff: 'fixed' } } };
  const body = { input: { x: 1, y: 2 }, options: { retry } };
  const task = (await gateway.ask('/api/tasks/math.divide', { body })).json();
  const [row] = await gateway.db.query('select message from tasks where id = $1', [task.id]);
  expect(row).toMatchObject({ message: { retry } });
});
