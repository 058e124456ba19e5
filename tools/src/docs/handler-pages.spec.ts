import { startTypeScript, testDatabase } from '@lovage/testing';
import { fromRoot, runPage } from '../testing/page-program.ts';

test('the examples of docs/writing-a-handler.md do what the page says', async () => {
  await using db = await testDatabase();
  const { exitCode, said, checks } = await runPage('docs/writing-a-handler.md', { DATABASE_URL: db.url });
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: `checks passed: ${checks}` });
  expect(checks).toBeGreaterThan(12);
}, 60_000);

test.each(['docs/finding.md', 'docs/follow-ups.md'])(
  'the examples of %s do what the page says',
  async (page) => {
    const { exitCode, said, checks } = await runPage(page, {});
    expect({ exitCode, said }).toEqual({ exitCode: 0, said: `checks passed: ${checks}` });
    expect(checks).toBeGreaterThan(0);
  },
  60_000,
);

test('the examples of docs/submitting-elsewhere.md do what the page says, with a worker and a beat elsewhere', async () => {
  await using db = await testDatabase();
  const env = { DATABASE_URL: db.url, BROKER_URL: '', LOG_LEVEL: '', NODE_ENV: '', DATA_DIR: '', WORKER_QUEUES: '' };
  const [worker, beat] = await Promise.all(
    ['worker', 'beat'].map((app) =>
      startTypeScript(fromRoot(`apps/${app}/src/main.ts`), [], { env, ready: `${app} ready`, timeoutMs: 60_000 }),
    ),
  );
  await using _worker = worker!;
  await using _beat = beat!;
  const { exitCode, said, checks } = await runPage('docs/submitting-elsewhere.md', { DATABASE_URL: db.url });
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: `checks passed: ${checks}` });
  expect(checks).toBeGreaterThan(5);
}, 120_000);
