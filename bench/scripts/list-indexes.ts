// What the indexes of lists cost a task's way through the store: submit, claim, record, in batches of 100, ms a batch.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/list-indexes.ts postgres://postgres@127.0.0.1:5432/lovage_bench
// The database must have been migrated; ITS TASKS ARE DELETED, and its indexes are restored at the end.
import { newId } from '@lovage/foundation';
import { blankTask, type Log, type NewTask } from '@lovage/ports';
import { openStore } from '@lovage/store-postgres';
import pg from 'pg';

const BATCH = 100;
const BATCHES = 60;
const ROUNDS = 7;
const [url] = process.argv.slice(2);
if (!url) throw new Error('give the URL of a migrated database');
const log = { ...console, child: () => log, fatal: console.error, trace: () => undefined } as unknown as Log;
const client = new pg.Client({ connectionString: url });
await client.connect();

const shipped = new Map(
  (
    await client.query<{ indexname: string; indexdef: string }>(
      `select indexname, indexdef from pg_indexes where tablename = 'tasks' and indexname ~ '(ended|name|queue|user|finished)_idx$'`,
    )
  ).rows.map(({ indexname, indexdef }) => [indexname, indexdef]),
);
const whole = (column: string): string =>
  `create index bench_${column}_idx on tasks (${column === 'created_at' ? '' : `${column}, `}created_at, id)`;
const sets: Record<string, string[]> = {
  none: [],
  ...Object.fromEntries([...shipped].map(([name, definition]) => [name, [definition]])),
  'all that ship': [...shipped.values()],
  'as many over all tasks, live ones too': ['created_at', 'ended_state', 'name', 'queue', 'user_id'].map(whole),
};

const names = ['math.add', 'text.process_word', 'mail.send', 'image.thumbnail', 'files.download'];
const users = Array.from({ length: 20 }, () => newId());
const worker = { id: newId(), name: 'bench' };
await client.query(`insert into workers (id, name, lease_until) values ($1, 'bench', now() + interval '1 h')`, [
  worker.id,
]);

function batch(): NewTask[] {
  return Array.from({ length: BATCH }, (_, i) =>
    blankTask({
      id: newId(),
      name: names[i % 5]!,
      queue: i % 3 ? 'default' : 'bulk',
      input: '{"x":1,"y":2}',
      userId: users[i % 20]!,
    }),
  );
}

async function round(): Promise<number[]> {
  await client.query('truncate tasks');
  await client.query('checkpoint');
  const { tasks, close } = openStore({ url: url!, log });
  const spent = [0, 0, 0];
  for (let k = 0; k < BATCHES; k += 1) {
    const of = batch();
    const steps = [
      () => tasks.insertQueued(of),
      () =>
        tasks.claim(
          worker,
          of.map((task, i) => ({ task, generation: 0, claimNo: k * BATCH + i, hadRow: true })),
          { durable: false },
        ),
      () =>
        tasks.record(
          worker.id,
          of.map((task, i) => ({
            id: task.id,
            claimNo: k * BATCH + i,
            state: i % 20 ? 'SUCCESS' : 'FAILURE',
            result: '3',
            error: null,
          })),
        ),
    ];
    for (const [i, step] of steps.entries()) {
      const start = performance.now();
      await step();
      spent[i]! += (performance.now() - start) / BATCHES;
    }
  }
  await close();
  return spent;
}

const drop = async (): Promise<void> => {
  const { rows } = await client.query<{ indexname: string }>(
    `select indexname from pg_indexes where tablename = 'tasks' and indexname ~ '(ended|name|queue|user|finished|created_at|ended_state|user_id)_idx$'`,
  );
  for (const { indexname } of rows) await client.query(`drop index ${indexname}`);
};
const results = new Map<string, number[][]>();
try {
  for (let i = 0; i < ROUNDS; i += 1)
    for (const [name, definitions] of Object.entries(sets)) {
      await drop();
      for (const definition of definitions) await client.query(definition);
      results.set(name, [...(results.get(name) ?? []), await round()]);
    }
} finally {
  await drop();
  await client.query('truncate tasks');
  for (const definition of shipped.values()) await client.query(definition);
  await client.query('delete from workers where id = $1', [worker.id]);
  await client.end();
}
console.log(`${'best of the rounds, ms a batch'.padEnd(40)} submit   claim  record     sum`);
for (const [name, rounds] of results) {
  const best = rounds.sort((a, b) => sum(a) - sum(b))[0]!;
  console.log(name.padEnd(40), [...best, sum(best)].map((ms) => ms.toFixed(2).padStart(7)).join(' '));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
