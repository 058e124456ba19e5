import { fileURLToPath } from 'node:url';
import { openPlatform } from '@lovage/platform';
import { ContractRegistry } from '@lovage/task';
import { describeWithRabbit, eventually, silentLog, startTypeScript, testDatabase } from '@lovage/testing';
import { after, ends } from './testing/ending-app.ts';

const WORKER = fileURLToPath(new URL('./testing/ending-app.ts', import.meta.url));
const BEAT = fileURLToPath(new URL('../../beat/src/main.ts', import.meta.url));
const TASKS = 20;

/** The end of a task stands still before its follow-up is written, until the gate is open; each end is written down. */
const GATE = `
create table gate (is_open bool); insert into gate values (false);
create function wait_at_gate() returns trigger language plpgsql as $$ begin
  while not (select is_open from gate) loop perform pg_sleep(0.02); end loop;
  return new;
end $$;
create trigger wait_at_gate before insert on tasks for each row when (new.parent_id is not null) execute function wait_at_gate();
create table endings (task_id uuid, state text);
create function note_ending() returns trigger language plpgsql as $$ begin
  insert into endings values (new.id, new.state); return null;
end $$;
create trigger note_ending after update of finished_at on tasks for each row when (new.finished_at is not null) execute function note_ending();`;

describeWithRabbit('a worker killed between the end of its tasks and what follows it', (rabbit) => {
  // Postgres hears of the death of its client late, and commits, or at once, and undoes all.
  test.each(['commits', 'is rolled back'])(
    'nothing is lost and nothing is there twice when its transaction %s',
    async (how) => {
      await using db = await testDatabase();
      await db.query(GATE);
      const [queue, dead] = [rabbit.queue('ends'), rabbit.queue('dead')];
      rabbit.alsoDeleteExchanges(dead);
      const env = {
        ...{ DATABASE_URL: db.url, BROKER_URL: rabbit.url, WORKER_QUEUES: queue, WORKER_CONCURRENCY: String(TASKS) },
        ...{ DEAD_LETTER_QUEUE: dead, TASK_ROUTES: `*=${queue}`, LOG_LEVEL: '', NODE_ENV: '', DATA_DIR: '' },
        BEAT_CELERY_EVENTS: 'off',
      };
      const worker = () => startTypeScript(WORKER, [], { env, ready: 'worker ready', timeoutMs: 60_000 });
      const options = { databaseUrl: db.url, brokerUrl: rabbit.url, deadLetterQueue: dead, log: silentLog };
      const platform = await openPlatform({ ...options, routes: [{ match: '*', queue }] });
      await platform.start();
      try {
        await using victim = await worker();
        await using _beat = await startTypeScript(BEAT, [], { env, ready: 'beat ready', timeoutMs: 60_000 });
        const client = platform.client(new ContractRegistry([ends, after]));
        const inputs = Array.from({ length: TASKS }, (_, n) => ({ well: n % 2 === 0 }));
        // Some hear that they are accepted when the gate is open: the end holds the rows that they too would write.
        const submits = Promise.all(inputs.map((input) => client.submit(ends, input, { awaitReply: false })));
        const waiting = () =>
          db.query<{ pid: number }>(
            `select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
          );
        await eventually(async () => (await waiting()).length > 0);
        victim.signal('SIGKILL');
        await victim.exit;
        if (how === 'is rolled back')
          for (const { pid } of await waiting()) await db.query('select pg_terminate_backend($1)', [pid]);
        await db.query('update gate set is_open = true');
        const handles = await submits;
        await using _next = await worker();
        const all = () =>
          db.query<{ id: string; state: string; parent_id: string | null; result: unknown }>(
            'select id, state, parent_id, result from tasks',
          );
        const rows = await eventually(
          async () => {
            const open = await db.query('select 1 from tasks where finished_at is null');
            const now = await all();
            return now.length >= 2 * TASKS && open.length === 0 && now;
          },
          { timeoutMs: 90_000, everyMs: 100 },
        );
        expect(rows).toHaveLength(2 * TASKS);
        for (const [n, { id }] of handles.entries()) {
          const state = inputs[n]!.well ? 'SUCCESS' : 'FAILURE';
          expect(rows.find((row) => row.id === id)).toMatchObject({ state, parent_id: null });
          const followed = rows.filter(({ parent_id }) => parent_id === id);
          expect(followed).toMatchObject([{ state: 'SUCCESS', result: `${state} of ${id}` }]);
        }
        expect(await db.query('select task_id from endings')).toHaveLength(2 * TASKS);
        expect(await db.query('select 1 from outbox')).toEqual([]);
        expect(await db.query('select 1 from dead_letters')).toEqual([]);
      } finally {
        await platform.stop();
      }
    },
    240_000,
  );
});
