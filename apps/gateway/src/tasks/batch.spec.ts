import type { BatchAnswer, TaskDocument } from '@lovage/http-api';
import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const url = '/api/tasks/batch';
const good = (x: number) => ({ name: 'math.add', input: { x, y: 1 } });
const send = async (tasks: unknown[]): Promise<BatchAnswer['items']> => {
  const answer = await gateway.ask(url, { body: { tasks } });
  expect(answer.status).toBe(200);
  return answer.json<BatchAnswer>().items;
};
const codes = (items: BatchAnswer['items']) => items.map((item) => ('task' in item ? item.status : item.problem.code));

test('a thousand wrong tasks are refused each, with no more said than of one', async () => {
  const wrong = { name: 'text.process_word', input: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [n, 0])) };
  const sizes = { name: 'image.thumbnail', input: { source: {}, sizes: Array(10).fill({ width: -1, height: 'x' }) } };
  const answer = await gateway.ask(url, {
    body: { tasks: Array.from({ length: 1000 }, (_, n) => (n % 2 ? wrong : sizes)) },
  });
  const { items } = answer.json<BatchAnswer>();
  expect(new Set(codes(items))).toEqual(new Set(['input_invalid']));
  expect(items).toHaveLength(1000);
  const errors = items.flatMap((item) => ('problem' in item ? (item.problem.errors ?? []) : []));
  expect(errors).toHaveLength(100);
  expect(answer.text.length).toBeLessThan(600_000);
});

test('a bad task harms no other, and each answer stands in its place', async () => {
  const items = await send([
    good(1),
    { name: 'no.such', input: {} },
    { ...good(2), inptu: 1 },
    { name: 'math.add', input: { x: 'one', y: 1 } },
    { ...good(3), options: { delay: '-1s' } },
    { ...good(4), options: { delay: 1, eta: '2050-01-01T00:00:00Z' } },
    { ...good(5), options: { queue: 'nowhere' } },
    null,
    'math.add',
    [],
    { ...good(6), options: { delay: '1h' } },
    good(7),
  ]);
  expect(codes(items)).toEqual([
    202,
    'contract_unknown',
    'body_invalid',
    'input_invalid',
    'options_invalid',
    'options_invalid',
    'queue_unknown',
    'body_invalid',
    'body_invalid',
    'body_invalid',
    202,
    202,
  ]);
  for (const item of items) if ('problem' in item) expect(item.status).toBe(item.problem.status);
  const problem = items[3]! as Extract<(typeof items)[number], { problem: unknown }>;
  expect(problem.problem.errors).toEqual([{ path: 'input.x', message: expect.any(String) }]);
  const kept = await gateway.db.query('select input, state, user_id from tasks order by created_at, id');
  expect(kept).toHaveLength(3);
  expect(kept).toEqual(
    expect.arrayContaining([
      { input: { x: 1, y: 1 }, state: 'QUEUED', user_id: gateway.userId },
      { input: { x: 6, y: 1 }, state: 'SCHEDULED', user_id: gateway.userId },
      { input: { x: 7, y: 1 }, state: 'QUEUED', user_id: gateway.userId },
    ]),
  );
});

test('a thousand tasks, in order', async () => {
  gateway.broker.sent.length = 0;
  const items = await send(Array.from({ length: 1000 }, (_, x) => good(x)));
  const tasks = items.map((item) => ('task' in item ? item.task : undefined)) as TaskDocument[];
  expect(tasks.map(({ input }) => (input as { x: number }).x)).toEqual(Array.from({ length: 1000 }, (_, x) => x));
  expect(gateway.broker.sent.map(({ headers }) => headers['id'])).toEqual(tasks.map(({ id }) => id));
  const [row] = await gateway.db.query<{ n: number }>('select count(*)::int as n from tasks where id = any($1)', [
    tasks.map(({ id }) => id),
  ]);
  expect(row!.n).toBe(1000);
});

test('with the broker away they are accepted all the same', async () => {
  gateway.broker.become('down');
  try {
    const items = await send([good(1), good(2)]);
    expect(items.map((item) => ('task' in item ? item.task.state : item))).toEqual(['PENDING', 'PENDING']);
  } finally {
    gateway.broker.become('up');
  }
});

test.each<[string, unknown]>([
  ['none', { tasks: [] }],
  ['more than a thousand', { tasks: Array.from({ length: 1001 }, () => good(1)) }],
  ['no list', { tasks: good(1) }],
  ['a bare list', [good(1)]],
  ['something besides', { tasks: [good(1)], all: true }],
])('%s is refused as a whole', async (_, body) => {
  const answer = await gateway.ask(url, { body });
  expect(answer.status).toBe(422);
  expect(answer.problem().code).toBe('body_invalid');
});

test('a viewer submits none', async () => {
  expect((await gateway.ask(url, { as: 'viewer', body: { tasks: [good(1)] } })).status).toBe(403);
});
