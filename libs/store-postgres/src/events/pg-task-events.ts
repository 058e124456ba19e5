import {
  TASK_LOG_LEVELS,
  type TaskEvents,
  type TaskLogLevel,
  type TaskLogLine,
  type TaskSnapshot,
  type TaskVersion,
} from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import { listedColumns } from '../lists/list-sql.ts';
import { toListedTask, type RawListed } from '../lists/listed-row.ts';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { versionOf } from './version.ts';

const VERSIONS = `
select t.id, t.state, t.turn, t.suspected, t.progress_no,
  coalesce((select max(l.no) from task_logs l where l.task_id = t.id), 0) as last_log_no
from tasks t where t.id = any($1::uuid[])`;
/** A field of more bytes is left out of snapshots. Progress as reported (64 KiB) is not. */
const SNAPSHOT_BYTES = 65_536;
const SNAPSHOT = `select ${listedColumns(SNAPSHOT_BYTES)}, progress_no from tasks where id = $1`;
const LOGS = `
select no, attempt, at, level, message, fields from task_logs
where task_id = $1 and no > $2 and level = any($4::text[]) order by no limit $3`;

interface RawVersion {
  id: string;
  state: TaskState;
  turn: number;
  suspected: number;
  progress_no: number;
  last_log_no: number;
  [column: string]: unknown;
}

/** Tasks as they change, on Postgres. */
export class PgTaskEvents implements TaskEvents {
  constructor(private readonly pool: ReadingPool) {}

  async versions(ids: readonly string[]): Promise<TaskVersion[]> {
    const rows = await this.pool.run<RawVersion>({ text: VERSIONS, values: [ids] });
    return rows.map((raw) => ({ id: raw.id, version: versionOf(raw), lastLogNo: raw.last_log_no }));
  }

  async snapshot(id: string): Promise<TaskSnapshot | undefined> {
    const [raw] = await this.pool.run<RawListed & RawVersion>({ text: SNAPSHOT, values: [id] });
    return raw && { row: toListedTask(raw), version: versionOf(raw), progressNo: raw.progress_no };
  }

  async logs(
    id: string,
    { after, limit, level = 'debug' }: { after: number; limit: number; level?: TaskLogLevel },
  ): Promise<TaskLogLine[]> {
    const levels = TASK_LOG_LEVELS.slice(TASK_LOG_LEVELS.indexOf(level));
    const rows = await this.pool.run<Omit<TaskLogLine, 'at'> & { at: Date }>({
      text: LOGS,
      values: [id, after, limit, levels],
    });
    return rows.map((raw) => ({ ...raw, at: raw.at.getTime() }));
  }
}
