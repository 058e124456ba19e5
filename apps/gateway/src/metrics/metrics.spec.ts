import { newId } from '@lovage/foundation';
import { TestGateway } from '../testing/test-gateway.ts';

/** Samples by name and labels. */
async function read(gateway: TestGateway): Promise<Map<string, number>> {
  const answer = await gateway.ask('/metrics', { as: null });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toContain('text/plain');
  const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('what was submitted and answered, and how the platform stands', async () => {
  await using gateway = await TestGateway.start();
  const submit = async (options = {}) =>
    (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 }, options } })).json().id;
  const [first] = [await submit(), await submit(), await submit({ delay: '1h' })];
  await gateway.ask('/api/tasks/batch', {
    body: {
      tasks: [
        { name: 'math.add', input: { x: 1, y: 2 } },
        { name: 'nope', input: 1 },
      ],
    },
  });
  await gateway.ask(`/api/tasks/${first}`);
  await gateway.ask(`/api/tasks/${newId()}`);
  await gateway.ask('/api/made/up');
  await gateway.db.query(`update tasks set created_at = now() - interval '100 s' where id = $1`, [first]);
  await gateway.db.query(`update outbox set due_at = now() - interval '30 s'`);
  await gateway.db.query(
    `insert into workers (id, name, lease_until) values ($1, 'w', now() + interval '1 h'), ($2, 'x', now() - interval '1 h')`,
    [newId(), newId()],
  );
  await gateway.ask('/api/queues/default/pause', { method: 'POST' });
  const of = await read(gateway);
  expect(of.get('lovage_queue_paused{queue="default"}')).toBe(1);
  expect(of.get('lovage_tasks_submitted_total{name="math.add"}')).toBe(4);
  expect(
    of.get('lovage_http_request_duration_seconds_count{method="POST",route="/api/tasks/:name",status="202"}'),
  ).toBe(3);
  expect(of.get('lovage_http_request_duration_seconds_count{method="GET",route="/api/tasks/:id",status="200"}')).toBe(
    1,
  );
  expect(of.get('lovage_http_request_duration_seconds_count{method="GET",route="/api/tasks/:id",status="404"}')).toBe(
    1,
  );
  expect(of.get('lovage_http_request_duration_seconds_count{method="GET",route="none",status="404"}')).toBe(1);
  expect([...of.keys()].filter((key) => key.includes('made/up'))).toEqual([]);
  expect(of.get('lovage_tasks{state="QUEUED"}')).toBe(3);
  expect(of.get('lovage_tasks{state="SUCCESS"}')).toBe(0);
  expect(of.get('lovage_queue_tasks{queue="default",state="SCHEDULED"}')).toBe(1);
  expect(of.get('lovage_queue_oldest_seconds{queue="default"}')).toBeGreaterThan(99);
  expect(of.get('lovage_queue_oldest_seconds{queue="default"}')).toBeLessThan(160);
  expect(of.get('lovage_queue_messages{queue="default"}')).toBe(3);
  expect(of.get('lovage_outbox_due')).toBe(1);
  expect(of.get('lovage_outbox_lag_seconds')).toBeGreaterThan(29);
  expect(of.get('lovage_workers')).toBe(1);
  expect(of.get('lovage_dead_letters{reason="malformed"}')).toBe(0);
  expect(of.get('lovage_server_up{server="postgres"}')).toBe(1);
  expect(of.get('lovage_server_up{server="broker"}')).toBe(1);
  expect(of.has('process_resident_memory_bytes')).toBe(true);
});

test('servers that are away are told to be, and nothing else of them', async () => {
  await using gateway = await TestGateway.start({ proxied: true });
  gateway.broker.become('down');
  await gateway.proxy.close();
  const of = await read(gateway);
  expect(of.get('lovage_server_up{server="postgres"}')).toBe(0);
  expect(of.get('lovage_server_up{server="broker"}')).toBe(0);
  expect([...of.keys()].filter((key) => /^lovage_(queue|tasks\{|outbox_lag)/.test(key) && of.get(key) !== 0)).toEqual(
    [],
  );
});

test('a token, where there is one, is asked for', async () => {
  const token = 'sixteen-characters';
  await using gateway = await TestGateway.start({ options: { metrics: { token } } });
  const ask = (authorization?: string) =>
    gateway.ask('/metrics', { as: null, headers: authorization === undefined ? {} : { authorization } });
  expect((await ask(`Bearer ${token}`)).status).toBe(200);
  for (const wrong of [undefined, 'Bearer', `Basic ${token}`, `Bearer ${token}x`, 'Bearer ']) {
    const answer = await ask(wrong);
    expect([answer.status, answer.problem().code]).toEqual([401, 'unauthenticated']);
  }
});

test('closed, nobody reads them', async () => {
  await using gateway = await TestGateway.start({ options: { metrics: 'closed' } });
  expect((await gateway.ask('/metrics', { as: 'admin' })).problem().detail).toContain('METRICS_TOKEN');
});
