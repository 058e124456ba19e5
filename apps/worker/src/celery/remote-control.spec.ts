import { fileURLToPath } from 'node:url';
import { RemoteControl } from '@lovage/client';
import { openPlatform } from '@lovage/platform';
import { systemClock } from '@lovage/ports';
import { ContractRegistry } from '@lovage/task';
import {
  describeWithCelery,
  describeWithRedis,
  eventually,
  silentLog,
  startProcess,
  startTypeScript,
  testDatabase,
  WITHOUT_GOSSIP,
} from '@lovage/testing';
import { add } from '../testing/celery-app.ts';

const WORKER = fileURLToPath(new URL('../testing/celery-app.ts', import.meta.url));
const TOOLS = fileURLToPath(new URL('../testing/', import.meta.url));
const NODE = `ts${process.pid}@steered`;

/** A worker of ours in a process of its own, and a console as the gateway has it. */
async function open(brokerUrl: string | undefined, name = NODE) {
  const db = await testDatabase();
  const queue = `steered.${name.replace('@', '.')}`;
  const env = {
    ...{ DATABASE_URL: db.url, BROKER_URL: brokerUrl ?? '', NODE_ENV: '', DATA_DIR: '', LOG_LEVEL: '' },
    ...{ WORKER_QUEUES: queue, WORKER_NAME: name, WORKER_CONCURRENCY: '2', DEAD_LETTER_QUEUE: `${queue}.dead` },
  };
  const worker = await startTypeScript(WORKER, [], { env, ready: 'worker ready', timeoutMs: 60_000 });
  const platform = await openPlatform({
    ...{ databaseUrl: db.url, brokerUrl, deadLetterQueue: `${queue}.dead`, log: silentLog },
    routes: [{ match: '*', queue }],
  });
  await platform.start();
  const control = new RemoteControl({ broker: platform.broker, clock: systemClock });
  return {
    ...{ worker, platform, queue, control },
    client: platform.client(new ContractRegistry([add])),
    ask: async (method: string, args: Readonly<Record<string, unknown>> = {}) =>
      (await control.ask({ method, args, destination: [name], timeoutMs: 10_000 })).get(name),
    async [Symbol.asyncDispose]() {
      await control.close();
      await worker.kill();
      for (const one of [queue, `${queue}.more`, `${queue}.dead`]) await platform.broker.deleteQueue(one);
      await platform.stop();
      await db[Symbol.asyncDispose]();
    },
  };
}

/** What each command changes is seen in another one's answer. */
async function steers({ ask, client, queue, worker }: Awaited<ReturnType<typeof open>>): Promise<void> {
  expect(await ask('ping')).toEqual({ ok: 'pong' });
  expect(await ask('registered')).toContain('interop.add');
  expect(await ask('pool_grow', { n: 3 })).toEqual({ ok: 'pool will grow' });
  expect(await ask('stats')).toMatchObject({ pid: worker.pid, pool: { 'max-concurrency': 5 } });
  expect(await ask('pool_shrink', { n: 100 })).toEqual({ error: expect.any(String) });
  expect(await ask('rate_limit', { task_name: 'interop.add', rate_limit: '10/m' })).toMatchObject({
    ok: expect.stringMatching(/success/),
  });
  expect(await ask('add_consumer', { queue: 'q', exchange: 'e', exchange_type: 'topic' })).toEqual({
    error: expect.stringContaining('exchange'),
  });
  expect(await ask('add_consumer', { queue: `${queue}.more` })).toMatchObject({
    ok: expect.stringMatching(/add consumer/),
  });
  const handle = await client.submit(add, { x: 1, y: 2 }, { queue: `${queue}.more` });
  expect(await handle.result({ timeout: '20s' })).toBe(3);
  expect(await ask('cancel_consumer', { queue: `${queue}.more` })).toMatchObject({
    ok: expect.stringMatching(/no longer/),
  });
  expect(await ask('active_queues')).toMatchObject([{ name: queue }]);
  expect(JSON.stringify([await ask('conf'), await ask('report')])).not.toMatch(/:\/\/[^/"]*:(?!\*)[^/"]*@/);
}

test('the broker in PostgreSQL: a worker of ours is asked, steered and stopped', async () => {
  await using f = await open(undefined);
  await steers(f);
  expect(await f.ask('stats')).toMatchObject({ broker: { transport: 'postgres' } });
  expect(await f.ask('shutdown')).toEqual({ ok: 'shutting down' });
  expect(await f.worker.exit).toEqual({ code: 0, signal: null });
}, 120_000);

describeWithRedis('Redis', (url) => {
  test('a worker of ours is asked, steered and stopped', async () => {
    await using f = await open(url);
    await steers(f);
    expect(await f.ask('shutdown')).toEqual({ ok: 'shutting down' });
    expect(await f.worker.exit).toEqual({ code: 0, signal: null });
  }, 120_000);

  describeWithCelery('with real Celery', (python) => {
    test('its tools steer a worker of ours, and we a worker of its', async () => {
      await using f = await open(url);
      const celery = async (...args: string[]): Promise<string> => {
        const tool = await startProcess(python, ['-m', 'celery', '-b', url, ...args, '-t', '5', '-d', NODE]);
        await tool.exit;
        return tool.output;
      };
      expect(await celery('inspect', 'ping')).toMatch(/pong/);
      expect(await celery('control', 'pool_grow', '2')).toMatch(/pool will grow/);
      expect(await celery('control', 'add_consumer', `${f.queue}.more`)).toMatch(/add consumer/);

      const other = `py${process.pid}@steered`;
      const flags = [
        '-b',
        url,
        'worker',
        '-c',
        '1',
        '-P',
        'solo',
        '-Q',
        `${f.queue}.py`,
        '-n',
        other,
        '-l',
        'INFO',
        WITHOUT_GOSSIP,
      ];
      const theirs = await startProcess(python, ['-m', 'celery', ...flags], {
        ...{ cwd: TOOLS, ready: /ready\./, timeoutMs: 60_000 },
      });
      try {
        // Over Redis, Celery's worker subscribes to what it is asked only after it has said that it is ready.
        const both = await eventually(async () => {
          const answers = await f.control.ask({ method: 'ping', expected: [NODE, other], timeoutMs: 1_000 });
          return answers.size === 2 && Object.fromEntries(answers);
        });
        expect(both).toMatchObject({ [NODE]: { ok: 'pong' }, [other]: { ok: 'pong' } });
        const asked = async (method: string, args = {}) =>
          (await f.control.ask({ method, args, destination: [other], timeoutMs: 20_000 })).get(other);
        expect(await asked('active_queues')).toMatchObject([{ name: `${f.queue}.py` }]);
        expect(await asked('add_consumer', { queue: `${f.queue}.py2` })).toMatchObject({
          ok: expect.stringMatching(/add consumer/),
        });
        // A worker that begins takes over what the others were told of, and their time.
        expect(await asked('revoke', { task_id: 'early-one' })).toMatchObject({ ok: expect.anything() });
        const { clock } = (await asked('clock')) as { clock: number };
        await using later = await open(url, `later${process.pid}@steered`);
        await eventually(async () => JSON.stringify(await later.ask('revoked')).includes('early-one'));
        expect(((await later.ask('clock')) as { clock: number }).clock).toBeGreaterThan(clock);

        // It does not answer that.
        await f.control.ask({ method: 'shutdown', destination: [other], timeoutMs: 100 });
        await theirs.exit;
      } finally {
        await theirs.kill();
        for (const name of ['py', 'py2']) await f.platform.broker.deleteQueue(`${f.queue}.${name}`);
      }
    }, 180_000);
  });
});
