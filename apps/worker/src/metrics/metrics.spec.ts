import { Registry } from 'prom-client';
import { MetricsServer } from './metrics-server.ts';
import { WorkerMetrics } from './worker-metrics.ts';

const values = async (registry: Registry): Promise<Map<string, number>> => {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
};

const children = { thread: { alive: 0, died: 0 }, process: { alive: 2, died: 1 } };

test('attempts are counted and timed by contract', async () => {
  let running = 0;
  const metrics = new WorkerMetrics({ slots: 10, running: () => running, children: () => children });
  metrics.ended({ name: 'a.b', queue: 'q', outcome: 'RETRY', runMs: 20, waitMs: 3 });
  metrics.ended({ name: 'a.b', queue: 'q', outcome: 'SUCCESS', runMs: 7000, waitMs: undefined });
  metrics.ended({ name: undefined, queue: 'q', outcome: 'FAILURE', runMs: 0, waitMs: 1 });
  metrics.refused('body_not_json');
  metrics.escaped('rejection', 'a.b');
  metrics.escaped('exception');
  running = 4;
  const of = await values(metrics.registry);
  expect(of.get('lovage_attempts_total{name="a.b",outcome="RETRY"}')).toBe(1);
  expect(of.get('lovage_attempts_total{name="a.b",outcome="SUCCESS"}')).toBe(1);
  expect(of.get('lovage_attempts_total{name="unknown",outcome="FAILURE"}')).toBe(1);
  expect(of.get('lovage_task_run_seconds_count{name="a.b"}')).toBe(2);
  expect(of.get('lovage_task_run_seconds_sum{name="a.b"}')).toBeCloseTo(7.02);
  expect(of.get('lovage_task_run_seconds_bucket{le="0.05",name="a.b"}')).toBe(1);
  expect(of.get('lovage_task_wait_seconds_count{name="a.b"}')).toBe(1);
  expect(of.get('lovage_messages_refused_total{code="body_not_json"}')).toBe(1);
  expect(of.get('lovage_escaped_errors_total{kind="rejection",name="a.b"}')).toBe(1);
  expect(of.get('lovage_escaped_errors_total{kind="exception",name="unknown"}')).toBe(1);
  expect(of.get('lovage_worker_slots{kind="total"}')).toBe(10);
  expect(of.get('lovage_worker_slots{kind="used"}')).toBe(4);
  expect(of.get('lovage_worker_children{pool="process"}')).toBe(2);
  expect(of.get('lovage_worker_children_died_total{pool="process"}')).toBe(1);
});

const token = 'sixteen-characters';
test.each([
  ['open', {}, 200],
  ['closed', { authorization: `Bearer ${token}` }, 401],
  [{ token }, { authorization: `Bearer ${token}` }, 200],
  [{ token }, { authorization: `Bearer ${token}x` }, 401],
  [{ token }, {}, 401],
] as const)('%j, asked with %j, answers %d', async (access, headers, status) => {
  const server = new MetricsServer(
    new WorkerMetrics({ slots: 1, running: () => 0, children: () => children }).registry,
    {
      host: '127.0.0.1',
      port: 0,
      access,
    },
  );
  await server.start();
  try {
    const answer = await fetch(`${server.url}/metrics`, { headers });
    expect(answer.status).toBe(status);
    expect((await answer.text()).includes('lovage_worker_slots')).toBe(status === 200);
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${server.url}/else`)).status).toBe(404);
    expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405);
  } finally {
    await server.stop();
  }
});

test('a port that is taken is an error', async () => {
  const options = { host: '127.0.0.1', access: 'open' } as const;
  const one = new MetricsServer(new Registry(), { ...options, port: 0 });
  await one.start();
  const two = new MetricsServer(new Registry(), { ...options, port: Number(new URL(one.url).port) });
  await expect(two.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await one.stop();
});
