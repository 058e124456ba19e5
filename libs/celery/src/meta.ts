import { stackWithCauses } from '@lovage/foundation';
import type { TaskErrorDocument, TaskState } from '@lovage/task';
import { wireException } from './exception.ts';
import { isoTime } from './iso-time.ts';
import { celeryState } from './state.ts';

/** A state of a task, as Celery's result backends keep it. */
export interface TaskMeta {
  /** The id on the wire. */
  readonly taskId: string;
  readonly state: TaskState;
  /** JSON text: what the handler returned, or reported; of `STARTED` who runs it. */
  readonly resultJson?: string | null;
  /** Of a failure, a revoke, a retry. */
  readonly error?: TaskErrorDocument | null;
  /** When it ended, ms since the epoch; left out: it has not. */
  readonly endedAt?: number | null;
  /** JSON text of what followed from it, in Celery's form. Default `[]`. */
  readonly childrenJson?: string | undefined;
  readonly groupId?: string | null;
  readonly parentId?: string | null;
}

const READY: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'REVOKED']);
const WITH_ERROR: ReadonlySet<string> = new Set(['FAILURE', 'REVOKED', 'RETRY']);
/** Longest traceback, characters: it is for people, and is kept with each failure. */
const MAX_TRACEBACK = 16_384;

/**
 * The document of a state, `status` first as Celery writes it, with what `lovage` alone knows beside; and whether the state is an end.
 */
export function encodeMeta(given: TaskMeta): { readonly meta: string; readonly ready: boolean } {
  const { taskId, state, error, endedAt, groupId, parentId, childrenJson = '[]' } = given;
  const status = celeryState(state);
  const failed = WITH_ERROR.has(status);
  const result = failed ? JSON.stringify(wireException(state, error ?? undefined)) : (given.resultJson ?? 'null');
  const traceback = failed && error ? (stackWithCauses(error)?.slice(0, MAX_TRACEBACK) ?? null) : null;
  const ready = READY.has(status);
  // Naive UTC, as Celery before 5.5; both are read.
  const done = ready ? JSON.stringify(isoTime(endedAt ?? Date.now()).slice(0, -6)) : 'null';
  const more =
    (groupId ? `,"group_id":${JSON.stringify(groupId)}` : '') +
    (parentId ? `,"parent_id":${JSON.stringify(parentId)}` : '');
  const meta =
    `{"status":${JSON.stringify(status)},"result":${result},"traceback":${JSON.stringify(traceback)},"children":${childrenJson},` +
    `"date_done":${done},"task_id":${JSON.stringify(taskId)}${more},"lovage":${JSON.stringify({ state })}}`;
  return { meta, ready };
}
