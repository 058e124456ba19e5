// What tags, families and follow-ups cost a task's way through the store: submit, claim, record, in batches of 100, ms a batch.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/extras.ts postgres://postgres@127.0.0.1:5432/lovage_bench
// The database must have been migrated; ITS TASKS ARE DELETED.
import { newId } from '@lovage/foundation';
import { blankTask, type Log, type NewTask } from '@lovage/ports';
import { openStore } from '@lovage/store-postgres';
import pg from 'pg';

const BATCH = 100;
const BATCHES = 40;
const ROUNDS = 9;
const [url] = process.argv.slice(2);
if (!url) throw new Error('give the URL of a migrated database');
const log = { ...console, child: () => log, fatal: console.error, trace: () => undefined } as unknown as Log;
const client = new pg.Client({ connectionString: url });
await client.connect();

const INDEXES = ['parent', 'root', 'retried'].map((name) => `tasks_${name}_idx`);
const TRIGGERS = ['tags_written', 'follow_up_updated', 'follow_up_inserted'];
const definitions = (
  await client.query<{ indexname: string; indexdef: string }>(
    'select indexname, indexdef from pg_indexes where indexname = any($1)',
    [INDEXES],
  )
).rows;
const worker = { id: newId(), name: 'bench' };
await client.query(`insert into workers (id, name, lease_until) values ($1, 'bench', now() + interval '1 h')`, [
  worker.id,
]);
const parent = newId();
const followUp = { name: 'bench.ended', queue: 'hooks', stamp: '1:' };
const cases: Record<string, Partial<NewTask>> = {
  'without them in the schema': {},
  'none used': {},
  'a tag each': { extra: JSON.stringify({ tags: ['tenant:acme'] }) },
  'all children of one': { parentId: parent, rootId: parent },
  'a follow-up each': { extra: JSON.stringify({ onEnd: { success: followUp } }) },
};

async function round(more: Partial<NewTask>): Promise<number[]> {
  await client.query('truncate tasks, outbox');
  await client.query('checkpoint');
  const { tasks, close } = openStore({ url: url!, log });
  const spent = [0, 0, 0];
  for (let k = 0; k < BATCHES; k += 1) {
    const of = Array.from({ length: BATCH }, () =>
      blankTask({ id: newId(), name: 'bench.echo', queue: 'default', input: '{"x":1,"y":2}', ...more }),
    );
    const no = (i: number): number => k * BATCH + i;
    const steps = [
      () => tasks.insertQueued(of),
      () =>
        tasks.claim(
          worker,
          of.map((task, i) => ({ task, generation: 0, claimNo: no(i), hadRow: true })),
          { durable: false },
        ),
      () =>
        tasks.record(
          worker.id,
          of.map(({ id }, i) => ({ id, claimNo: no(i), state: 'SUCCESS', result: '3', error: null })),
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

const results = new Map<string, number[][]>();
try {
  for (let i = 0; i < ROUNDS; i += 1)
    for (const [name, more] of Object.entries(cases)) {
      const without = name.startsWith('without');
      if (without) for (const index of INDEXES) await client.query(`drop index ${index}`);
      for (const trigger of TRIGGERS)
        await client.query(`alter table tasks ${without ? 'disable' : 'enable'} trigger ${trigger}`);
      results.set(name, [...(results.get(name) ?? []), await round(more)]);
      if (without) for (const { indexdef } of definitions) await client.query(indexdef);
    }
} finally {
  for (const trigger of TRIGGERS) await client.query(`alter table tasks enable trigger ${trigger}`);
}
const median = (all: number[]): number => all.sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
for (const [name, rounds] of results) {
  const steps = [0, 1, 2].map((step) => median(rounds.map((spent) => spent[step]!)));
  const sum = median(rounds.map((spent) => spent.reduce((a, b) => a + b, 0)));
  console.log(name.padEnd(28), ...[...steps, sum].map((ms) => ms.toFixed(2).padStart(7)));
}
await client.end();
