import { Controller, Inject } from '@nestjs/common';
import { z } from 'zod';
import { TaskBatchHandler } from '@lovage/nest';
import { defineTask, type BatchItem } from '@lovage/task';

/** Whatever runs SQL. */
export interface Sql {
  query<R extends object>(text: string, values: unknown[]): Promise<R[]>;
}
export const SQL: unique symbol = Symbol('sql');

// The example of docs/batches.md.
export const storeEvent = defineTask({
  name: 'events.store',
  input: z.strictObject({ kind: z.string(), value: z.number() }),
  output: z.strictObject({ total: z.number() }),
  errors: { UnknownKind: z.strictObject({ kind: z.string() }) },
  defaults: {
    batch: { size: 100, timeout: '200ms' },
    retry: { maxAttempts: 5 },
  },
});

@Controller()
export class EventsTasks {
  constructor(@Inject(SQL) private readonly sql: Sql) {}

  @TaskBatchHandler(storeEvent)
  async store(items: readonly BatchItem<typeof storeEvent>[]) {
    // One statement for all. The task's id is the key: a batch that runs again stores nothing twice.
    const rows = await this.sql.query<{ id: string; total: number }>(
      `with stored as (
         insert into events (id, kind, value)
         select e.id, k.name, e.value from json_to_recordset($1) as e(id uuid, kind text, value float8)
         join kinds k on k.name = e.kind
         on conflict (id) do update set kind = excluded.kind returning id, value)
       select id, sum(value) over ()::float8 as total from stored`,
      [JSON.stringify(items.map(({ input, task }) => ({ id: task.id, ...input })))],
    );
    const totals = new Map(rows.map(({ id, total }) => [id, total]));
    return items.map(({ input, task, succeeded, failed }) => {
      const total = totals.get(task.id);
      return total === undefined ? failed(storeEvent.error('UnknownKind', { kind: input.kind })) : succeeded({ total });
    });
  }
}
