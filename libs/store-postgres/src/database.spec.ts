import { StoreUnavailableError, ValueRefusedError } from '@lovage/ports';
import { eventually, silentLog, testDatabase, type TestDatabase } from '@lovage/testing';
import { Database } from './database.ts';
import { ReadingPool } from './lists/reading-pool.ts';

class MistakeError extends Error {
  override readonly name = 'MistakeError';
}

let db: TestDatabase;
let database: Database;
beforeAll(async () => {
  db = await testDatabase({ migrated: false });
  await db.query('create table kept (n int primary key)');
  database = new Database({ url: db.url, log: silentLog });
});
afterAll(async () => {
  await database.close();
  await db[Symbol.asyncDispose]();
});

const insert = (n: number) => [{ name: 'insert', text: 'insert into kept values ($1)' }, [n]] as const;
const kept = async (): Promise<number[]> => (await db.query<{ n: number }>('select n from kept')).map(({ n }) => n);

test('what the work of a transaction throws comes out as it is, and nothing of it is kept', async () => {
  const mistake = new MistakeError('not ours');
  const work = database.transaction(async (run) => {
    await run(...insert(1));
    throw mistake;
  });
  await expect(work).rejects.toBe(mistake);
  expect(await kept()).toEqual([]);
});

test('a server that goes in the middle of a transaction is unavailable, and the next transaction has another connection', async () => {
  const work = database.transaction(async (run) => {
    await run(...insert(2));
    await run({ name: 'end-myself', text: 'select pg_terminate_backend(pg_backend_pid())' }, []);
  });
  await expect(work).rejects.toThrow(StoreUnavailableError);
  await database.transaction((run) => run(...insert(3)));
  expect(await kept()).toEqual([3]);
});

test('Postgres ends a transaction that stands still, so that a process stopped in the middle of one keeps no locks', async () => {
  const shown = await database.transaction((run) =>
    run<{ idle_in_transaction_session_timeout: string }>(
      { name: 'standstill', text: 'show idle_in_transaction_session_timeout' },
      [],
    ),
  );
  expect(shown).toEqual([{ idle_in_transaction_session_timeout: '10s' }]);
  const work = database.transaction(async (run) => {
    await run({ name: 'shorter', text: `set local idle_in_transaction_session_timeout = '10ms'` }, []);
    const [{ pid }] = (await run<{ pid: number }>({ name: 'pid', text: 'select pg_backend_pid() as pid' }, [])) as [
      { pid: number },
    ];
    await run(...insert(20));
    const sessions = (): Promise<unknown[]> => db.query('select from pg_stat_activity where pid = $1', [pid]);
    await eventually(async () => (await sessions()).length === 0);
    await run(...insert(21));
  });
  await expect(work).rejects.toThrow(StoreUnavailableError);
  expect(await kept()).not.toContain(20);
});

test('the same of a server that goes between two queries of a list, and between two statements', async () => {
  const reading = new ReadingPool({ url: db.url, log: silentLog });
  const endAll = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
  const listed = reading.together(async (run) => {
    await run({ text: 'select 1', values: [] });
    await db.query(endAll);
    await run({ text: 'select 1', values: [] });
  });
  await expect(listed).rejects.toThrow(StoreUnavailableError);
  const written = database.transaction(async (run) => {
    await run(...insert(5));
    await db.query(endAll);
    await run(...insert(6));
  });
  await expect(written).rejects.toThrow(StoreUnavailableError);
  await database.transaction((run) => run(...insert(7)));
  expect(await reading.together((run) => run({ text: 'select n from kept where n > 4', values: [] }))).toEqual([
    { n: 7 },
  ]);
  await reading.close();
});

test('a server that nobody runs is unavailable, under a name with several addresses as well', async () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const nowhere = new Database({ url: `postgres://nobody@${host}:1/none`, log: silentLog });
    await expect(nowhere.run({ name: 'one', text: 'select 1' }, [])).rejects.toThrow(StoreUnavailableError);
    await nowhere.close();
  }
});

test('a value that Postgres refuses is told as such', async () => {
  await database.run(...insert(4));
  await expect(database.run(...insert(4))).rejects.toThrow(ValueRefusedError);
});
