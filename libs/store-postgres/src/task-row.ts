import type { EscapedRecord, TaskRow } from '@lovage/ports';
import type { TaskErrorDocument, TaskExtra, TaskState } from '@lovage/task';

/** A row of `tasks` as `pg` gives it. */
export interface RawTask {
  id: string;
  wire_id: string | null;
  name: string;
  queue: string;
  state: TaskState;
  turn: number;
  retries: number;
  suspected: number;
  crashes: number;
  quarantine_group?: number | null;
  claim_worker: string | null;
  /** bigint travels as text. */
  claim_no: string | null;
  worker: string | null;
  input: unknown;
  message: unknown;
  result: unknown;
  /** Of a result that is too large to be read; `result` is null then. */
  result_bytes?: number | null;
  error: TaskErrorDocument | null;
  escaped?: EscapedRecord | null;
  progress: unknown;
  user_id: string | null;
  parent_id: string | null;
  root_id: string | null;
  retried_from: string | null;
  eta: Date | null;
  expires_at: Date | null;
  priority: number | null;
  input_stamp: string | null;
  extra?: TaskExtra | null;
  cancel_at: Date | null;
  cancel_by: string | null;
  cancel_why: string | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

export function toTaskRow(raw: RawTask): TaskRow {
  return {
    id: raw.id,
    wireId: raw.wire_id,
    name: raw.name,
    queue: raw.queue,
    state: raw.state,
    generation: raw.turn,
    retries: raw.retries,
    suspected: raw.suspected,
    crashes: raw.crashes,
    quarantineGroup: raw.quarantine_group ?? null,
    input: raw.input,
    message: raw.message,
    result: raw.result,
    error: raw.result_bytes == null ? raw.error : tooLarge(raw.result_bytes),
    escaped: raw.escaped ?? null,
    progress: raw.progress,
    worker: raw.worker,
    userId: raw.user_id,
    parentId: raw.parent_id,
    // Older releases wrote it into rows of roots as well.
    rootId: raw.root_id ?? raw.id,
    retriedFrom: raw.retried_from,
    eta: raw.eta?.getTime() ?? null,
    expiresAt: raw.expires_at?.getTime() ?? null,
    priority: raw.priority,
    stamp: raw.input_stamp,
    extra: raw.extra ?? null,
    cancelAt: raw.cancel_at?.getTime() ?? null,
    cancelActor: raw.cancel_by,
    cancelReason: raw.cancel_why,
    createdAt: raw.created_at.getTime(),
    startedAt: raw.started_at?.getTime() ?? null,
    finishedAt: raw.finished_at?.getTime() ?? null,
  };
}

/** Of a task that an older worker recorded; its state stays what it is. */
function tooLarge(bytes: number): TaskErrorDocument {
  const message = `the task has succeeded, but its result of ${bytes} bytes is too large to be read; it is in the table tasks`;
  return { type: 'ResultTooLarge', message };
}
