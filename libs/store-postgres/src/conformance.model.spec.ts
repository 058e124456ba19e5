import pg from 'pg';
import { storeConformance } from '@lovage/conformance';
import { fixture } from './testing/fixture.ts';

storeConformance({
  name: 'store-postgres',
  async create() {
    const f = await fixture();
    // Of its own, so that a step and a look at it may go on at the same time.
    const connections = new pg.Pool({ connectionString: f.db.url, max: 3 });
    const query = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> =>
      (await connections.query<R>(text, values)).rows;
    return {
      stores: f.store,
      async worker(next) {
        if (!next) return f.worker(3_600_000);
        await query("insert into workers (id, name, lease_until) values ($1, $2, now() + interval '1 h')", [
          next.id,
          next.name,
        ]);
        return next;
      },
      async lapse(worker) {
        await query("update workers set lease_until = now() - interval '2 s' where id = $1", [worker]);
      },
      async age(tasks, ms) {
        await query(
          `update tasks set created_at = created_at - $2::float8 * interval '1 ms',
            finished_at = finished_at - $2::float8 * interval '1 ms' where id = any($1)`,
          [tasks, ms],
        );
        // How far retention has looked holds for a clock that goes on.
        await query('delete from retention_marks');
      },
      async expire(task) {
        await query("update tasks set expires_at = now() - interval '1 s' where id = $1", [task]);
      },
      async clear() {
        await query(
          'truncate tasks, attempts, outbox, workers, dead_letters, unique_keys, limit_keys, limit_slots, limit_tickets, limit_overrides cascade',
        );
      },
      async withMessage(tasks) {
        const rows = await query<{ id: string }>('select task_id as id from outbox where task_id = any($1)', [tasks]);
        return rows.map(({ id }) => id);
      },
      async uniqueHolders(keys) {
        const rows = await query<{ key: string; id: string }>(
          'select key, task_id as id from unique_keys where key = any($1)',
          [keys],
        );
        return new Map(rows.map(({ key, id }) => [key, id]));
      },
      slots: () =>
        query(
          `select key, coalesce(k.used, 0)::int as counted, f.most,
            (select count(*)::int from limit_slots s where s.limit_key = key) as taken,
            (select count(*)::int from outbox o where o.limit_key = key and o.due_at = 'infinity') as waiting
           from (select key from limit_keys union select limit_key from limit_slots) keys
             left join limit_keys k using (key) left join limits_in_force f using (key)`,
        ),
      async dispose() {
        await connections.end();
        await f[Symbol.asyncDispose]();
      },
    };
  },
});
