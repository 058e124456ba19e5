// npm run celery:kit-worker: a worker that serves the tasks of Celery's conformance kit, with the beat and the database that it needs. No gateway.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { testBuild } from '../../start-build.mjs';
import { openDatabase } from '../launcher/database.ts';
import { applyMigrations } from '../launcher/migrations.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '');
const say = (text: string): void => void process.stderr.write(`kit: ${text}\n`);
const { env } = process;
const hooks = pathToFileURL(join(root, 'tools/ts-hooks.mjs')).href;
const queues = env['WORKER_QUEUES'] || 'ts.q';

const database = await openDatabase({
  databaseUrl: env['DATABASE_URL'] || undefined,
  dataDir: env['DATA_DIR'] || join(root, '.lovage/celery-kit'),
  say,
});
await applyMigrations(database.url, root);

const common: NodeJS.ProcessEnv = {
  LOG_LEVEL: 'warn',
  WORKER_NAME: 'ts1@lab',
  WORKER_CONCURRENCY: '4',
  CELERY_TRACK_STARTED: 'on',
  // As Celery's programs declare them.
  CELERY_QUEUES: queues,
  // As a Celery worker does, which answers for a name that it does not know at once.
  UNSERVED_ROWLESS_TIMEOUT: '1s',
  ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')),
  WORKER_QUEUES: queues,
  DATABASE_URL: database.url,
};

const build = await testBuild(root, say);

function start(program: string): ChildProcess {
  const args =
    build === undefined
      ? ['--conditions=@lovage/source', '--import', hooks, join(root, program)]
      : ['--enable-source-maps', join(build, program.replace(/\.ts$/, '.js'))];
  return spawn(process.execPath, args, { cwd: root, env: common, stdio: 'inherit' });
}

const beat = start('apps/beat/src/main.ts');
const worker = start('apps/worker/src/testing/kit-app.ts');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void worker.kill('SIGTERM'));
beat.once('exit', (code) => {
  if (worker.exitCode === null) say(`beat ended (exit code ${code}): what is for later does not run`);
});
const [code] = (await once(worker, 'exit')) as [number | null];
if (beat.exitCode === null) {
  beat.kill('SIGTERM');
  await once(beat, 'exit');
}
await database.stop();
process.exit(code ?? 1);
