import { plainArray, textArray } from '@lovage/foundation';
import { MAX_TASK_LOG_LINES, type NewTaskLogLine, type TaskLogSink } from '@lovage/ports';
import type { Database } from '../database.ts';

/**
 * Numbers continue those of earlier attempts. Two workers at once on one task, one of them taken for dead, may draw the same:
 * the line of the second is dropped.
 * $1 tasks · $2 attempts · $3 times, ms · $4 levels · $5 messages · $6 fields
 */
const WRITE = {
  name: 'task-logs-write',
  text: `
insert into task_logs (task_id, no, attempt, at, level, message, fields)
select task_id, no, attempt, to_timestamp(at / 1000), level, message, fields from (
  select s.*, coalesce((select max(l.no) from task_logs l where l.task_id = s.task_id), 0)
    + row_number() over (partition by s.task_id order by s.ord) as no
  from unnest($1::uuid[], $2::int[], $3::float8[], $4::text[], $5::text[], $6::json[]) with ordinality
    as s(task_id, attempt, at, level, message, fields, ord)) numbered
where no <= ${MAX_TASK_LOG_LINES}
on conflict do nothing`,
};

/** Log lines of tasks, on Postgres; a crash of it may cost the last moments of them. */
export class PgTaskLogSink implements TaskLogSink {
  constructor(private readonly database: Database) {}

  async write(lines: readonly NewTaskLogLine[]): Promise<void> {
    const values = [
      plainArray(lines.map((line) => line.taskId)),
      plainArray(lines.map((line) => line.attempt)),
      plainArray(lines.map((line) => line.at)),
      textArray(lines.map((line) => line.level)),
      textArray(lines.map((line) => line.message)),
      textArray(lines.map((line) => line.fields)),
    ];
    await this.database.run(WRITE, values, 'relaxed');
  }
}
