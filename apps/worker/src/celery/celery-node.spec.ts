import { fileURLToPath } from 'node:url';
import amqp from 'amqplib';
import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import { openPlatform } from '@lovage/platform';
import { ContractRegistry } from '@lovage/task';
import {
  describeWithCelery,
  describeWithRabbit,
  eventually,
  silentLog,
  startProcess,
  startTypeScript,
  testDatabase,
  type TestRabbit,
} from '@lovage/testing';
import { add, fail, failOnce, hold } from '../testing/celery-app.ts';

const WORKER = fileURLToPath(new URL('../testing/celery-app.ts', import.meta.url));
const DRIVER = fileURLToPath(new URL('../testing/celery_tools.py', import.meta.url));
const NODE = `ts${process.pid}@lab`;

/** A worker of ours, a client of it, and real Celery's tools, each call of them one line in and one out. */
async function open(rabbit: TestRabbit, python: string, env: Record<string, string> = {}) {
  const db = await testDatabase();
  const [queue, dead] = [rabbit.queue('celery'), rabbit.queue('dead')];
  rabbit.alsoDeleteExchanges(dead);
  const settings = {
    DATABASE_URL: db.url,
    BROKER_URL: rabbit.url,
    DEAD_LETTER_QUEUE: dead,
    NODE_ENV: '',
    DATA_DIR: '',
  };
  const worker = await startTypeScript(WORKER, [], {
    env: { ...settings, WORKER_QUEUES: queue, WORKER_NAME: NODE, WORKER_CONCURRENCY: '4', LOG_LEVEL: '', ...env },
    ready: 'worker ready',
    timeoutMs: 60_000,
  });
  const tools = await startProcess(python, [DRIVER, rabbit.url, NODE], { ready: 'ready', timeoutMs: 60_000 });
  const platform = await openPlatform({
    ...{ databaseUrl: db.url, brokerUrl: rabbit.url, deadLetterQueue: dead, log: silentLog },
    routes: [{ match: '*', queue }],
  });
  await platform.start();
  let calls = 0;
  const call = async (method: string, args: object = {}): Promise<unknown> => {
    calls += 1;
    tools.write(`${JSON.stringify({ call: calls, method, args })}\n`);
    const line = await tools.line(new RegExp(`^answer ${calls} `), { timeoutMs: 20_000 });
    return JSON.parse(line.replace(/^answer \d+ /, ''));
  };
  const events = (): Record<string, unknown>[] =>
    tools.lines
      .filter((line) => line.startsWith('event '))
      .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>)
      .filter(({ hostname }) => hostname === NODE);
  return {
    ...{ worker, tools, platform, queue, call, events },
    client: platform.client(new ContractRegistry([add, hold, fail, failOnce])),
    ofTask: (id: string) => events().filter(({ uuid }) => uuid === id),
    async [Symbol.asyncDispose]() {
      await platform.stop();
      await tools.kill();
      await worker.kill();
      await db[Symbol.asyncDispose]();
    },
  };
}

describeWithRabbit("Celery's tools and a worker of ours", (rabbit) => {
  describeWithCelery('with real Celery', (python) => {
    test('inspect, control and events', async () => {
      await using f = await open(rabbit, python);
      const { call, client } = f;
      const none = { awaitReply: false };
      // The command-line tool itself, to this worker.
      const celery = async (...args: string[]): Promise<string> => {
        const tool = await startProcess(python, ['-m', 'celery', '-b', rabbit.url, ...args]);
        await tool.exit;
        return tool.output;
      };
      const toNode = (...args: string[]) => celery(...args, '-d', NODE);
      await using dump = await startProcess(python, ['-m', 'celery', '-b', rabbit.url, 'events', '--dump'], {
        ...{ ready: new RegExp(`^${NODE} .* heartbeat: active=`), timeoutMs: 60_000 },
      });
      // The receiver asks for it when it listens.
      await eventually(() => f.events().length > 0);

      // What it is.
      expect(await call('ping')).toEqual({ ok: 'pong' });
      expect(await call('ping', { pattern: `${NODE.slice(0, 3)}*`, matcher: 'glob' })).toEqual({ ok: 'pong' });
      expect(await call('registered')).toEqual(['interop.add', 'interop.fail', 'interop.fail_once', 'interop.sleep']);
      expect(await call('active_queues')).toMatchObject([
        { name: f.queue, routing_key: f.queue, durable: true, no_ack: false, exchange: { type: 'direct' } },
      ]);
      expect(await call('stats')).toMatchObject({
        ...{ pid: f.worker.pid, clock: expect.any(String), uptime: expect.any(Number), total: {} },
        ...{ pool: { 'max-concurrency': 4, processes: [f.worker.pid] }, prefetch_count: 16 },
        broker: { hostname: expect.any(String), port: 5672, transport: 'amqp', userid: 'guest' },
      });
      expect(JSON.stringify([await call('stats'), await call('conf'), await call('report')])).not.toContain(
        'guest:guest',
      );
      expect(await call('conf')).toMatchObject({ worker_concurrency: 4, worker_send_task_events: true });
      expect(await call('report')).toEqual({ ok: expect.stringContaining('software -> lovage') });
      const [a, b] = [await call('clock'), await call('clock')] as { clock: number }[];
      expect(b!.clock).toBeGreaterThan(a!.clock);
      expect(await call('hello', { from_node: 'other@lab', revoked: {} })).toEqual({
        revoked: {},
        clock: expect.any(Number),
      });
      expect(await call('scheduled')).toEqual([]);
      const later = await client.submit(add, { x: 1, y: 1 }, { ...none, delay: '1h' });
      expect(await call('scheduled')).toMatchObject([
        { eta: expect.any(String), request: { id: later.id, name: 'interop.add', kwargs: { x: 1, y: 1 } } },
      ]);
      expect(await call('memsample')).toMatch(/^\d+\.\dMB$/);
      expect(await call('memdump', { samples: 1 })).toMatch(/> \d+\.\dMB/);
      expect(await call('registered', { taskinfoitems: ['name', 'acks_late', 'max_retries'] })).toContain(
        'interop.fail_once [name=interop.fail_once acks_late=True max_retries=1]',
      );
      expect(await call('nosuch')).toEqual({ error: expect.stringContaining('nosuch') });

      // The way of a task.
      const done = await client.submit(add, { x: 2, y: 3 }, none);
      const ended = await eventually(() => {
        const found = f.ofTask(done.id);
        return found.some(({ type }) => type === 'task-succeeded') && found;
      });
      expect(ended).toMatchObject([
        {
          ...{ type: 'task-received', name: 'interop.add', args: '()', kwargs: "{'x': 2, 'y': 3}", retries: 0 },
          ...{ root_id: done.id, parent_id: null, eta: null, expires: null, hostname: NODE, utcoffset: 0 },
          pid: f.worker.pid,
        },
        { type: 'task-started' },
        { type: 'task-succeeded', result: '5', runtime: expect.any(Number) },
      ]);
      const clocks = ended.map(({ clock }) => clock as number);
      expect(clocks).toEqual([...new Set(clocks)].sort((x, y) => x - y));
      expect(await call('stats')).toMatchObject({ total: { 'interop.add': 1 } });

      const failed = await client.submit(fail, { kind: 'ValueError', message: 'boom' }, none);
      await eventually(() => f.ofTask(failed.id).some(({ type }) => type === 'task-failed'), { timeoutMs: 30_000 });
      expect(f.ofTask(failed.id)).toMatchObject([
        { type: 'task-received' },
        { type: 'task-started' },
        { type: 'task-failed', exception: "ValueError('boom')", traceback: expect.stringContaining('boom') },
      ]);

      const retried = await client.submit(failOnce, {}, none);
      await eventually(() => f.ofTask(retried.id).some(({ type }) => type === 'task-retried'), { timeoutMs: 30_000 });
      expect(f.ofTask(retried.id)).toMatchObject([
        { type: 'task-received' },
        { type: 'task-started' },
        { type: 'task-retried', exception: "ValueError('not yet')", traceback: expect.stringContaining('not yet') },
      ]);

      // What runs, and its end by revoke.
      const running = await client.submit(hold, { seconds: 600 }, none);
      const active = await eventually(async () => {
        const found = (await call('active')) as Record<string, unknown>[];
        return found.length > 0 && found;
      });
      expect(active).toMatchObject([
        {
          ...{ id: running.id, name: 'interop.sleep', args: [], kwargs: { seconds: 600 }, hostname: NODE },
          ...{ worker_pid: f.worker.pid, acknowledged: false, delivery_info: { routing_key: f.queue } },
        },
      ]);
      expect(Math.abs((active[0]!['time_start'] as number) - Date.now() / 1000)).toBeLessThan(60);
      expect(await toNode('inspect', 'active')).toContain(running.id);
      expect(await call('active', { safe: true })).toMatchObject([{ args: '()', kwargs: "{'seconds': 600}" }]);
      expect(await call('query_task', { ids: [running.id, 'none'] })).toEqual({ [running.id]: ['active', active[0]] });
      expect(await call('revoke', { task_id: running.id, terminate: true, signal: 'SIGTERM' })).toEqual({
        ok: `terminate: ${running.id}`,
      });
      const revoked = await eventually(() => f.ofTask(running.id).find(({ type }) => type === 'task-revoked'), {
        timeoutMs: 30_000,
      });
      expect(revoked).toMatchObject({ terminated: true, expired: false });
      expect(await call('revoked')).toEqual([running.id]);
      expect(await call('revoke', { task_id: 'nobody-knows' })).toEqual({
        ok: 'tasks nobody-knows flagged as revoked',
      });
      expect(await call('revoked')).toEqual([running.id, 'nobody-knows']);
      expect(await call('hello', { from_node: 'later@lab', revoked: { told: 1.5 } })).toMatchObject({
        revoked: { [running.id]: expect.any(Number), 'nobody-knows': expect.any(Number), told: expect.any(Number) },
      });

      // By stamps: what is here with one, and what comes with one.
      const stamps = { stamped_headers: ['tenant'], stamps: { tenant: 'acme' } };
      const stamped = newId();
      const known = { rootId: null, parentId: null, retries: 0, generation: 0, hasRow: false };
      await f.platform.broker.publish({
        queue: f.queue,
        ...encodeTask({ ...known, id: stamped, name: 'interop.sleep', inputJson: '{"seconds":600}', headers: stamps }),
      });
      await eventually(async () => ((await call('active')) as unknown[]).length === 1);
      expect(await call('revoke_by_stamped_headers', { headers: { tenant: ['acme'] }, terminate: true })).toEqual({
        ok: expect.stringContaining(stamped),
      });
      await eventually(() => f.ofTask(stamped).find(({ type }) => type === 'task-revoked'), { timeoutMs: 30_000 });
      expect(await call('active')).toEqual([]);

      // Events off and on.
      expect(await call('enable_events')).toEqual({ ok: 'task events already enabled' });
      expect(await call('disable_events')).toEqual({ ok: 'task events disabled' });
      const silent = await client.submit(add, { x: 1, y: 1 }, none);
      expect(await silent.result({ timeout: '20s' })).toBe(2);
      expect(await call('enable_events')).toEqual({ ok: 'task events enabled' });
      const heard = await client.submit(add, { x: 1, y: 1 }, none);
      await eventually(() => f.ofTask(heard.id).some(({ type }) => type === 'task-succeeded'));
      expect(f.ofTask(silent.id)).toEqual([]);

      // Heartbeats, also when asked for.
      const beat = await eventually(() => f.events().find(({ type }) => type === 'worker-heartbeat'));
      expect(beat).toMatchObject({
        freq: 2,
        sw_ident: 'lovage',
        active: expect.any(Number),
        loadavg: expect.any(Array),
      });

      // What is refused.
      for (const [method, args] of [
        ['rate_limit', { task_name: 'nope', rate_limit: '1/s' }],
        ['rate_limit', { task_name: 'interop.add', rate_limit: 'zz' }],
        ['time_limit', { task_name: 'interop.add', hard: -1 }],
        ['time_limit', { task_name: 'interop.add', hard: 'soon' }],
        ['pool_grow', { n: 0 }],
        ['pool_shrink', { n: 100 }],
        ['pool_restart', { modules: ['x'] }],
        ['pool_restart', {}],
        ['autoscale', { max: 1, min: 2 }],
        ['add_consumer', { queue: '' }],
        ['add_consumer', { queue: 'lovage.dead' }],
        ['add_consumer', { queue: 'q', exchange: 'lovage.dead', exchange_type: 'fanout' }],
        ['add_consumer', { queue: 'q', exchange: 'e', exchange_type: 'x-odd' }],
        ['revoke_by_stamped_headers', { headers: {} }],
        ['objgraph', {}],
      ] as const)
        expect([method, args, await call(method, args)]).toEqual([method, args, { error: expect.any(String) }]);

      // On the command line.
      expect(
        await Promise.all([
          celery('status'),
          toNode('inspect', 'ping'),
          toNode('inspect', 'stats'),
          toNode('inspect', 'active'),
        ]),
      ).toEqual([
        expect.stringMatching(new RegExp(`${NODE}: .*OK`)),
        expect.stringContaining('pong'),
        expect.stringContaining('"max-concurrency": 4'),
        expect.stringContaining('empty'),
      ]);
      const extra = rabbit.queue('extra');
      expect(
        await Promise.all([
          toNode('control', 'rate_limit', 'interop.add', '10/m'),
          toNode('control', 'pool_grow', '2'),
          toNode('control', 'add_consumer', extra),
        ]),
      ).toEqual([
        expect.stringContaining('new rate limit set successfully'),
        expect.stringContaining('pool will grow'),
        expect.stringContaining('add consumer'),
      ]);
      expect(await call('stats')).toMatchObject({ pool: { 'max-concurrency': 6 } });
      expect(await toNode('control', 'autoscale', '5', '1')).toMatch(/autoscale now max=5 min=1/);
      expect(await call('active_queues')).toMatchObject([{ name: f.queue }, { name: extra }]);
      expect(await call('registered')).toContain('interop.add [rate_limit=10/m]');
      expect(await call('stats')).toMatchObject({ autoscaler: { max: 5, min: 1 } });
      expect(await toNode('control', 'cancel_consumer', extra)).toMatch(/no longer consuming/);

      // Its end.
      await toNode('control', 'shutdown');
      expect(await f.worker.exit).toEqual({ code: 0, signal: null });
      await eventually(() => f.events().some(({ type }) => type === 'worker-offline'));
      await dump.line(new RegExp(`^${NODE} .* shutdown: `));
      const dumped = (kind: string, id: string) =>
        dump.lines.some(
          (line) => line.startsWith(`${NODE} [`) && line.includes(` task ${kind}: interop.`) && line.includes(id),
        );
      for (const kind of ['received', 'started', 'succeeded'])
        expect([kind, dumped(kind, done.id)]).toEqual([kind, true]);
      expect(dumped('failed', failed.id) && dumped('retried', retried.id) && dumped('revoked', running.id)).toBe(true);
    }, 180_000);

    test('both off: nothing is heard of it, and its tasks run', async () => {
      await using f = await open(rabbit, python, { WORKER_CELERY_EVENTS: 'off', WORKER_CELERY_CONTROL: 'off' });
      const handle = await f.client.submit(add, { x: 1, y: 2 }, { awaitReply: false });
      expect(await handle.result({ timeout: '20s' })).toBe(3);
      expect(await f.call('ping')).toBeNull();
      expect(f.events()).toEqual([]);
    }, 120_000);

    test('requests that are made to harm change nothing', async () => {
      await using f = await open(rabbit, python);
      const connection = await amqp.connect(rabbit.url);
      try {
        const channel = await connection.createConfirmChannel();
        const { queue: bait } = await channel.assertQueue('', { exclusive: true });
        const send = (body: unknown, options: object = {}) =>
          channel.publish('celery.pidbox', '', Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), {
            contentType: 'application/json',
            ...options,
          });
        const base = { method: 'ping', arguments: {}, ticket: 't' };
        send('{"method":');
        send('['.repeat(60_000));
        send({ ...base, pattern: '(a+)+$', matcher: 'pcre' });
        send({ ...base, method: 'x'.repeat(1_000_000) });
        send({
          ...base,
          arguments: { __proto__: null, ids: Array.from({ length: 5000 }, () => 'a') },
          method: 'query_task',
        });
        send({ ...base, method: 'query_task', arguments: { ids: { a: 1 } } });
        send({ ...base, method: 'revoke', arguments: { task_id: [1, null] } });
        send({ ...base, method: 'toString' });
        send(base, { contentType: 'application/x-python-serialize' });
        send(base, { headers: { clock: 2 ** 53, expires: 'soon' } });
        // Neither into a queue, nor into an exchange that is not there: that would cost the channel.
        send({ ...base, reply_to: { exchange: '', routing_key: bait } });
        send({ ...base, reply_to: { exchange: 'no.such.exchange', routing_key: 'x' } });
        await channel.waitForConfirms();
        expect(await f.call('ping')).toEqual({ ok: 'pong' });
        expect((await channel.checkQueue(bait)).messageCount).toBe(0);
        expect(f.worker.running).toBe(true);
        expect(f.worker.output).not.toMatch(/"level":(50|60)|closed a channel/);
      } finally {
        await connection.close();
      }
    }, 120_000);
  });
});
