import { decodeControl, encodeControlReply, type ControlRequest } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import { WorkerAnswers } from '@lovage/http-api';
import { openPlatform, type Platform } from '@lovage/platform';
import type { CeleryLink } from '@lovage/ports';
import {
  describeWithRabbit,
  describeWithRedis,
  eventually,
  silentLog,
  testDatabase,
  type TestDatabase,
} from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';
import { maskSecrets } from './mask-secrets.ts';

const NODE = `fake${process.pid}@lab`;
const OTHER = `other${process.pid}@lab`;

test('secrets are masked, wherever they stand', () => {
  expect(
    maskSecrets({
      broker_url: 'amqp://u:p@ss@h:5672//',
      api_key: 'k',
      aws: { SecretAccess: 'x', list: ['redis://:pw@h/0', 'plain'] },
      routing_key: 'celery',
      task_default_routing_key: 'celery',
      password: '',
      mail: 'someone@example.org',
      deep: JSON.parse('['.repeat(40) + ']'.repeat(40)) as unknown,
    }),
  ).toMatchObject({
    broker_url: expect.not.stringContaining('p@ss') as string,
    api_key: '********',
    aws: { SecretAccess: '********', list: ['redis://:********@h/0', 'plain'] },
    ...{ routing_key: 'celery', task_default_routing_key: 'celery', password: '', mail: 'someone@example.org' },
  });
});

test('a gateway whose broker is away says so', async () => {
  await using gateway = await TestGateway.start();
  const answer = await gateway.ask('/api/workers/all/ping');
  expect([answer.status, answer.problem().code]).toEqual([503, 'broker_unavailable']);
});

describeWithRabbit('RabbitMQ', ({ url }) => asksAndSteers(url, true));
describeWithRedis('Redis', (url) => asksAndSteers(url));
describe('the broker in PostgreSQL', () => asksAndSteers(undefined));

/** @param whole also what is the same with every broker */
function asksAndSteers(brokerUrl: string | undefined, whole = false): void {
  let gateway: TestGateway;
  let platform: Platform;
  let db: TestDatabase;
  let node: CeleryLink;
  const asked: ControlRequest[] = [];
  const replies: Record<string, unknown> = {
    ping: { ok: 'pong' },
    conf: { broker_url: 'amqp://guest:guest@h//', secret_key: 'hunter2' },
    pool_grow: { ok: 'pool will grow' },
    rate_limit: { error: 'unknown task' },
    add_consumer: { ok: 'add consumer mail' },
    cancel_consumer: { ok: 'no longer consuming from mail' },
  };

  beforeAll(async () => {
    db = await testDatabase();
    platform = await openPlatform({ databaseUrl: db.url, brokerUrl, log: silentLog });
    await platform.start();
    gateway = await TestGateway.start({ broker: platform.broker });
    node = await platform.broker.openCelery!({
      node: NODE,
      onControl: (message) => {
        const { request } = decodeControl(message, NODE, Date.now());
        // Of workers that other spec files start.
        if (!request || request.method === 'hello') return;
        asked.push(request);
        const value = replies[request.method];
        if (value === undefined || !request.replyTo) return;
        const reply = encodeControlReply(NODE, JSON.stringify(value), request.replyTo.ticket, 5);
        node.reply(request.replyTo.routingKey, reply.body, reply.headers);
      },
    });
  }, 60_000);
  afterAll(async () => {
    await node?.close();
    await gateway?.[Symbol.asyncDispose]();
    await platform?.stop();
    await db?.[Symbol.asyncDispose]();
  });

  const known = (name: string) =>
    gateway.db.query(
      `insert into workers (id, name, lease_until, seen_at) values ($1, $2, now() + interval '1 h', now())`,
      [newId(), name],
    );
  beforeEach(async () => {
    asked.length = 0;
    await gateway.db.query('truncate workers, gone_workers cascade');
    await known(NODE);
  });
  const ask = (path: string, body?: unknown, as: 'viewer' | 'operator' = 'operator') =>
    gateway.ask(`/api/workers/${path}`, { as, ...(body !== undefined && { body, method: 'POST' as const }) });

  test('one answers, and all; who has not is named', async () => {
    expect(WorkerAnswers.parse((await ask(`${NODE}/ping`, undefined, 'viewer')).json())).toEqual({
      answers: [{ worker: NODE, value: { ok: 'pong' }, error: null }],
      silent: [],
    });
    await known(OTHER);
    const all = WorkerAnswers.parse((await ask('all/ping?timeout=1')).json());
    expect(all.answers).toContainEqual({ worker: NODE, value: { ok: 'pong' }, error: null });
    expect(all.silent).toEqual([OTHER]);
    const conf = (await ask(`${NODE}/conf`)).text;
    expect(conf).not.toMatch(/guest:guest|hunter2/);
  });

  test.each([
    ['nobody@lab/ping?timeout=0.2', 404, 'worker_unknown'],
    ['no-node/ping', 404, 'worker_unknown'],
    [`${NODE}/stats?timeout=0.2`, 504, 'worker_silent'],
    [`${NODE}/nonsense`, 404, 'route_unknown'],
    [`${NODE}/ping?timeout=100`, 422, 'query_invalid'],
  ])('%s is a problem', async (path, status, code) => {
    const answer = await ask(path);
    expect([answer.status, answer.problem().code]).toEqual([status, code]);
  });

  test('commands are passed on as Celery has them, and written down', async () => {
    expect((await ask(`${NODE}/pool/grow`, { n: 3 })).status).toBe(200);
    expect((await ask(`${NODE}/consumers`, { queue: 'mail' })).status).toBe(200);
    const cancelled = await gateway.ask(`/api/workers/${NODE}/consumers/mail`, { method: 'DELETE' });
    expect(cancelled.status).toBe(200);
    const refused = await ask(`${NODE}/rate-limit`, { task: 'a.b', rate: '10/m' });
    expect([refused.status, refused.problem().code]).toEqual([409, 'worker_refused']);
    // Celery's workers do not answer it, which takes its time.
    if (!whole) return;
    expect((await ask(`${NODE}/shutdown`, {})).json<unknown>()).toEqual({ answers: [], silent: [NODE] });
    expect(asked.map(({ method, args }) => [method, args])).toEqual([
      ['pool_grow', { n: 3 }],
      ['add_consumer', { queue: 'mail', exchange: null, exchange_type: 'direct', routing_key: null }],
      ['cancel_consumer', { queue: 'mail' }],
      ['rate_limit', { task_name: 'a.b', rate_limit: '10/m' }],
      ['shutdown', {}],
    ]);
    const written = await gateway.db.query<{ action: string; target: string }>(
      `select action, target from audit where action like 'worker.%' order by id`,
    );
    expect(written.map(({ action, target }) => [action, target])).toEqual(
      ['pool_grow', 'add_consumer', 'cancel_consumer', 'rate_limit', 'shutdown'].map((one) => [`worker.${one}`, NODE]),
    );
  }, 30_000);

  test('answers that are made to harm are dropped', async () => {
    const before = eventually(() => asked.find(({ method }) => method === 'clock'));
    const pending = ask(`${NODE}/clock?timeout=2`);
    const { replyTo } = await before;
    const say = (body: string, headers: object = { ticket: replyTo!.ticket }) =>
      node.reply(replyTo!.routingKey, Buffer.from(body), { ...headers });
    say('{"a":');
    say('[1]');
    say('{"a@b":1,"c@d":2}');
    say(`{"${'x'.repeat(300)}":1}`);
    say('{"a@b":1}', { ticket: 'other' });
    say(`{"a@b":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    say(`{"${NODE}":{"clock":7}}`);
    say(`{"${NODE}":{"clock":8}}`);
    expect((await pending).json<WorkerAnswers>().answers).toEqual([{ worker: NODE, value: { clock: 7 }, error: null }]);
  });

  if (!whole) return;
  test.each([
    ['pool/grow', { n: 0 }],
    ['pool/shrink', { m: 1 }],
    ['autoscale', { max: 1, min: 2 }],
    ['rate-limit', { task: 'a', rate: 'fast' }],
    ['time-limit', { task: 'a', hard: -1 }],
    ['consumers', { queue: '' }],
    ['consumers', { queue: 'q', exchangeType: 'odd' }],
    ['shutdown', { now: true }],
  ])('%s does not take %j', async (path, body) => {
    const answer = await ask(`${NODE}/${path}`, body);
    expect([answer.status, answer.problem().code]).toEqual([422, 'body_invalid']);
    expect((await ask(`${NODE}/${path}`, body, 'viewer')).status).toBe(403);
    expect(asked).toEqual([]);
  });
}
