import { startTypeScript, testDatabase } from '@lovage/testing';
import { fromRoot, runPage } from '../testing/page-program.ts';

test('the examples of docs/client.md do what the page says', async () => {
  await using db = await testDatabase();
  const env = { DATABASE_URL: db.url, BROKER_URL: '', LOG_LEVEL: '', NODE_ENV: '', DATA_DIR: '', WORKER_QUEUES: '' };
  await using worker = await startTypeScript(fromRoot('apps/worker/src/main.ts'), [], { env, ready: 'worker ready' });
  const { exitCode, said, checks } = await runPage('docs/client.md', { ...env, BROKER_URL: undefined });
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: `checks passed: ${checks}` });
  expect(checks).toBeGreaterThan(12);
  expect(worker.running).toBe(true);
}, 90_000);
