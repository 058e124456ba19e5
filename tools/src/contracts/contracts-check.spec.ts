import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { newId } from '@lovage/foundation';
import { testDatabase } from '@lovage/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const run = (databaseUrl: string) => {
  const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: databaseUrl };
  const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'contracts:check'], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

test('npm run contracts:check exits 0 where nothing breaks, 1 where something does, and else as others do', async () => {
  await using db = await testDatabase();
  expect(run(db.url)).toEqual({
    status: 0,
    stdout: expect.stringMatching(
      /^\d+ contracts: nothing that waits, and nothing of the last release, would break\n$/,
    ),
    stderr: '',
  });
  await db.query(
    `insert into tasks (id, name, queue, state, input, input_stamp) values ($1, 'math.add', 'default', 'QUEUED', '{"a":1}', '1:0123456789abcdef')`,
    [newId()],
  );
  const broken = run(db.url);
  expect(broken).toMatchObject({ status: 1, stderr: '' });
  expect(broken.stdout).toMatch(/^math\.add: 1 of 1 waiting tasks would not run\n {2}1 tasks: input of math\.add: /);
  const away = run('postgres://nobody@127.0.0.1:1/none');
  expect(away.status).toBeGreaterThan(1);
  expect(away.stderr).toMatch(/^lovage contracts:check: /);
}, 90_000);
