import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  startProcess,
  startTypeScript,
  testDatabase,
  WITHOUT_GOSSIP,
  type TestDatabase,
  type TestProcess,
  type TestRabbit,
} from '@lovage/testing';

export const KIT = fileURLToPath(new URL('../../celery-kit/', import.meta.url));
const WORKER = fileURLToPath(new URL('../../../tools/src/celery-kit/kit-worker.ts', import.meta.url));

/** The kit's worker of ours, with a database of its own. */
export interface KitWorker extends AsyncDisposable {
  readonly queue: string;
  /** Rows of a statement on its database. */
  readonly query: TestDatabase['query'];
  readonly deadLetterQueue: string;
  readonly process: TestProcess;
}

/** As `npm run celery:kit-worker` does. */
export async function startKitWorker(rabbit: TestRabbit, env: Record<string, string> = {}): Promise<KitWorker> {
  const [queue, deadLetterQueue] = [rabbit.queue('kit'), rabbit.queue('dead')];
  rabbit.alsoDelete(`${deadLetterQueue}.foreign-results`);
  rabbit.alsoDeleteExchanges(deadLetterQueue, queue);
  return startKitWorkerOn({ url: rabbit.url, queue, deadLetterQueue }, env);
}

/** The same on a Redis of its own. @param backend where it writes results beside the record: `rpc://`, or the URL of a Redis */
export function startKitWorkerOnRedis(url: string, backend: string): Promise<KitWorker> {
  return startKitWorkerOn({ url, queue: 'kit', deadLetterQueue: 'lovage.dead' }, { CELERY_RESULT_BACKEND: backend });
}

async function startKitWorkerOn(
  { url, queue, deadLetterQueue }: { readonly url: string; readonly queue: string; readonly deadLetterQueue: string },
  env: Record<string, string> = {},
): Promise<KitWorker> {
  const db = await testDatabase();
  const process = await startTypeScript(WORKER, [], {
    env: {
      ...{ DATABASE_URL: db.url, BROKER_URL: url, DEAD_LETTER_QUEUE: deadLetterQueue, NODE_ENV: '' },
      ...{ WORKER_QUEUES: queue, WORKER_NAME: `${queue}@lab`, LOG_LEVEL: 'info', DATA_DIR: '' },
      ...{ BEAT_CELERY_EVENTS: 'off', ...env },
    },
    ready: 'worker ready',
    timeoutMs: 90_000,
  });
  return {
    ...{ queue, deadLetterQueue, process, query: (sql, values) => db.query(sql, values) },
    async [Symbol.asyncDispose]() {
      await process.stop();
      await db[Symbol.asyncDispose]();
    },
  };
}

/** The kit's own worker: real Celery. */
export function startPythonWorker(
  python: string,
  {
    queue,
    brokerUrl,
    backend,
    concurrency = 2,
  }: { queue: string; brokerUrl: string; backend: string; concurrency?: number },
): Promise<TestProcess> {
  const args = [
    '-m',
    'celery',
    '-A',
    'worker_app',
    'worker',
    '-n',
    `${queue}@py`,
    '-c',
    `${concurrency}`,
    '-l',
    'INFO',
    '-Q',
    queue,
    WITHOUT_GOSSIP,
  ];
  const env = { BROKER_URL: brokerUrl, RESULT_BACKEND: backend, QUEUE: queue, PYTHONDONTWRITEBYTECODE: '1' };
  return startProcess(python, args, { cwd: KIT, env, ready: /ready\./, timeoutMs: 60_000 });
}

/** One run of a script of the kit: its lines, and those of them that failed. */
export async function runKit(
  python: string,
  script: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly failed: readonly string[]; readonly result: string }> {
  const { code, lines } = await runScript(python, script, args);
  return {
    code,
    failed: lines.filter((line) => line.startsWith('FAIL')),
    result: lines.find((line) => line.startsWith('RESULT')) ?? lines.join('\n').slice(-2000),
  };
}

/** One run of a Python program, in the directory of the kit: all that it says. */
export async function runScript(
  python: string,
  script: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
  const child = spawn(python, [script, ...args], {
    ...{ cwd: KIT, stdio: ['ignore', 'pipe', 'pipe'] as const },
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, lines: output.split('\n') };
}
