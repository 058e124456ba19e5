import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithCelery, eventually, startProcess, type TestProcess, WITHOUT_GOSSIP } from '@lovage/testing';
import type { RunningPlatform } from '../kit/platform.ts';
import { onRedis, type RedisShape } from '../kit/shapes.ts';

const TASKS = 60;

/**
 * A program of Celery with nothing but Redis. Its worker serves a task of ours, and holds one message at a
 * time, until its end. What a dead one held kombu requeues when the next one starts, and then every hundred seconds only.
 */
const APP = `
import os, time
from celery import Celery
app = Celery('beside', broker=os.environ['REDIS'], backend=os.environ['REDIS'])
app.conf.update(task_default_queue='default', task_acks_late=True, worker_prefetch_multiplier=1,
                broker_transport_options={'visibility_timeout': 1})

@app.task(name='demo.wait_and_return')
def wait_and_return(seconds, value):
    print('RUNNING', value, flush=True)
    time.sleep(seconds)
    return value
`;

const DIVIDE = `
from beside import app
print(app.send_task('math.divide', args=(1, 2)).get(timeout=60))
`;

const MANY = `
from beside import wait_and_return
sent = [wait_and_return.delay(0.3, n) for n in range(${TASKS})]
print('SENT', flush=True)
print('SUM', sum(result.get(timeout=180) for result in sent))
`;

describeWithCelery('Celery and ours on one Redis', (python) => {
  onRedis('broker and result backend', ['--appendonly', 'yes'], (open) => {
    let shape: RedisShape;
    let platform: RunningPlatform;
    const dir = mkdtempSync(join(tmpdir(), 'lovage-celery-'));
    const env = (): Record<string, string> => ({ REDIS: shape.redis.url, PYTHONDONTWRITEBYTECODE: '1' });
    beforeAll(async () => {
      writeFileSync(join(dir, 'beside.py'), APP);
      shape = await open();
      platform = await shape.start({
        env: {
          ...{ CELERY_RESULT_BACKEND: shape.redis.url, WORKER_CONCURRENCY: '1', WORKER_PREFETCH_MULTIPLIER: '1' },
          CELERY_QUEUES: 'default',
        },
      });
    }, 120_000);
    afterAll(async () => {
      await platform?.[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    }, 30_000);

    const worker = (name: string): Promise<TestProcess> =>
      startProcess(
        python,
        ['-m', 'celery', '-A', 'beside', 'worker', '-P', 'solo', '-n', name, '-l', 'INFO', WITHOUT_GOSSIP],
        {
          ...{ cwd: dir, env: env(), ready: /ready\./, timeoutMs: 90_000 },
        },
      );
    const client = (code: string): Promise<TestProcess> => startProcess(python, ['-c', code], { cwd: dir, env: env() });

    test('a Celery client submits divide, and .get() gives 0.5', async () => {
      const program = await client(DIVIDE);
      await program.line(/^0\.5$/, { timeoutMs: 90_000 });
      expect(await program.exit).toMatchObject({ code: 0 });
    }, 100_000);

    test('celery inspect ping and celery events know our worker', async () => {
      const ping = spawnSync(python, ['-m', 'celery', '-b', shape.redis.url, 'inspect', '-t', '10', 'ping'], {
        ...{ cwd: dir, encoding: 'utf8' as const },
      });
      expect(ping.stdout).toMatch(/worker-\d+@.*OK/);
      await using events = await startProcess(python, ['-m', 'celery', '-b', shape.redis.url, 'events', '--dump'], {
        ...{ cwd: dir, env: env() },
      });
      const told = events.line(/math\.add/, { timeoutMs: 90_000 });
      let isTold = false;
      void told.then(() => (isTold = true));
      // Until somebody listens nobody is told.
      await eventually(
        async () => {
          const { id } = await platform.rest.accepted('math.add', { x: 1, y: 2 });
          await platform.rest.ended(id);
          return isTold;
        },
        { timeoutMs: 90_000, everyMs: 300 },
      );
      await told;
    }, 200_000);

    test('they share a queue, one after the other is killed: nothing is lost', async () => {
      const running = (one: TestProcess): Promise<unknown> => one.line(/RUNNING/, { timeoutMs: 60_000 });
      const first = await worker('first');
      const program = await client(MANY);
      await program.line('SENT', { timeoutMs: 60_000 });
      await running(first);
      await first.kill();
      await platform.signal('worker', 'SIGKILL');
      const others = [await worker('second')];
      try {
        await running(others[0]!);
        await platform.signal('worker', 'SIGKILL');
        others.push(await worker('third'));
        await program.line(`SUM ${(TASKS * (TASKS - 1)) / 2}`, { timeoutMs: 200_000 });
        expect(await program.exit).toMatchObject({ code: 0 });
      } finally {
        for (const one of others) await one.stop();
      }
      await eventually(async () => (await shape.redis.ask((redis) => redis.hlen('unacked'))) === 0);
    }, 300_000);
  });
});
