import type { DeadLetter, DeadLetterOutcome, WholeDeadLetter } from '@lovage/ports';

/** A row of `dead_letters` as `pg` gives it. */
export interface RawDeadLetter {
  id: string;
  queue: string;
  reason: string;
  code: string | null;
  detail: string | null;
  task_id: string | null;
  wire_id: string | null;
  name: string | null;
  priority: number | null;
  outcome: DeadLetterOutcome | null;
  content_type: string | null;
  content_encoding: string | null;
  body_size: number;
  died_at: Date | null;
  received_at: Date;
  redriven_at: Date | null;
  redriven_as: string | null;
  redriven_by: string | null;
  [column: string]: unknown;
}

export interface RawWholeDeadLetter extends RawDeadLetter {
  headers: Record<string, unknown>;
  body: Buffer;
}

export function toDeadLetter(raw: RawDeadLetter): DeadLetter {
  return {
    id: raw.id,
    queue: raw.queue,
    reason: raw.reason,
    code: raw.code,
    detail: raw.detail,
    taskId: raw.task_id,
    wireId: raw.wire_id,
    name: raw.name,
    priority: raw.priority,
    outcome: raw.outcome,
    contentType: raw.content_type,
    contentEncoding: raw.content_encoding,
    bodySize: raw.body_size,
    diedAt: raw.died_at?.getTime() ?? null,
    receivedAt: raw.received_at.getTime(),
    redrivenAt: raw.redriven_at?.getTime() ?? null,
    redrivenAs: raw.redriven_as,
    redrivenBy: raw.redriven_by,
  };
}

export function toWholeDeadLetter(raw: RawWholeDeadLetter): WholeDeadLetter {
  return { ...toDeadLetter(raw), headers: raw.headers, body: raw.body };
}
