import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { eventually, startTypeScript, testDatabase, type TestProcess } from '@lovage/testing';

const script = fileURLToPath(new URL('../testing/serve-stand-in.ts', import.meta.url));
const standIn = fileURLToPath(new URL('../testing/stand-in.mjs', import.meta.url));
let dir: string;
const running: TestProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lovage-serve-'));
  mkdirSync(join(dir, 'src'));
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function serve(app: string, env: Record<string, string> = {}): Promise<TestProcess> {
  const one = await startTypeScript(script, [app, join(dir, 'src')], {
    env: { DATABASE_URL: undefined, BROKER_URL: undefined, NODE_ENV: undefined, DATA_DIR: join(dir, 'data'), ...env },
    ready: 'worker serves',
  });
  running.push(one);
  return one;
}
const answer = (word: string): string =>
  `process.send('ready'); console.log('answer ${word}'); setInterval(() => {}, 1000);`;

test('an edit starts the app again with the new code, also one replaced by its editor, or in a new folder', async () => {
  await using db = await testDatabase();
  const app = join(dir, 'src/app.mjs');
  writeFileSync(app, answer('one'));
  const one = await serve(app, { DATABASE_URL: db.url });
  await one.line('answer one');

  const before = performance.now();
  writeFileSync(app, answer('two'));
  await one.line('answer two');
  expect(performance.now() - before).toBeLessThan(5000);

  writeFileSync(join(dir, 'src/app.tmp'), answer('three'));
  renameSync(join(dir, 'src/app.tmp'), app);
  await one.line('answer three');

  // What cannot run does not end the serving: the next edit is taken up at once.
  writeFileSync(app, 'this is no program');
  await one.line('SyntaxError');
  await one.line('starting it again in');
  mkdirSync(join(dir, 'src/deep/er'), { recursive: true });
  await eventually(
    () => {
      writeFileSync(join(dir, 'src/deep/er/other.ts'), 'export {};');
      return one.lines.some((line) => line.includes('other.ts changed'));
    },
    { everyMs: 200 },
  );
  writeFileSync(app, answer('four'));
  await one.line('answer four');

  one.signal('SIGINT');
  expect(await one.exit).toEqual({ code: 0, signal: null });
}, 40_000);

test('the second to be served joins the first one’s database, and takes it over at the same port', async () => {
  const first = await serve(standIn);
  const second = await serve(standIn);
  const urlOf = (one: TestProcess): string => /"db":"(.*?)"/.exec(one.output)![1]!;
  expect(urlOf(second)).toBe(urlOf(first));
  const client = new pg.Client({ connectionString: urlOf(first) });
  await client.connect();
  await client.query('create table kept as select 42 as n');
  await client.end();

  const postmaster = (): string =>
    readFileSync(join(dir, 'data/postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]!;
  const before = postmaster();
  await first.stop();
  await eventually(() => postmaster() !== before, { timeoutMs: 60_000 });
  const rows = await eventually(
    async () => {
      const again = new pg.Client({ connectionString: urlOf(first) });
      again.on('error', () => undefined);
      try {
        await again.connect();
        return (await again.query('select n from kept')).rows;
      } finally {
        await again.end();
      }
    },
    { timeoutMs: 10_000 },
  );
  expect(rows).toEqual([{ n: 42 }]);
  expect(second.running).toBe(true);
}, 60_000);
