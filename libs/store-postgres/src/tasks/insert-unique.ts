import {
  TaskNotUniqueError,
  type NewTask,
  type RevokedTask,
  type SubmitKey,
  type SubmittedFirst,
  type UniqueKey,
} from '@lovage/ports';
import type { RunStatement } from '../database.ts';
import { plainArray, textArray } from '../pg-array.ts';
import { REVOKE } from '../sql/cancel.ts';
import { newTaskValues } from '../sql/columns.ts';
import { INSERT_FIRST_UNIQUE, INSERT_FIRST_UNIQUE_WITH_KEY } from '../sql/submit.ts';
import { revokedTask, type RawRevoked } from './revoked-task.ts';

export interface UniqueInsert {
  readonly delayMs: number;
  readonly leaseMs: number;
  readonly key?: SubmitKey | undefined;
  readonly unique: UniqueKey;
}

/** What `unique_take` says, as the migration of unique tasks has it. */
export type UniqueVerdict = 'fresh' | 'existing' | 'rejected' | 'replaceable';

interface RawUnique {
  task_id: string;
  verdict: UniqueVerdict | 'key';
  fingerprint: string;
  [column: string]: unknown;
}

/** Inserts a task if no other one is in the way. @returns `waits`: one is that waits, and is to be replaced; nothing was stored. @throws TaskNotUniqueError */
export async function insertUnique(
  run: RunStatement,
  task: NewTask,
  { delayMs, leaseMs, key, unique }: UniqueInsert,
  replaced?: RevokedTask,
): Promise<SubmittedFirst | { readonly waits: string }> {
  const values = [
    ...newTaskValues([task]),
    ...[delayMs, leaseMs > 0 ? leaseMs : null],
    ...[unique.key, unique.periodMs ?? null, textArray([...unique.states]), unique.onConflict, replaced?.id ?? null],
    ...(key ? [key.scope, key.key, key.ttlMs, key.fingerprint] : []),
  ];
  const [row] = await run<RawUnique>(key ? INSERT_FIRST_UNIQUE_WITH_KEY : INSERT_FIRST_UNIQUE, values);
  const { task_id: taskId, verdict, fingerprint } = row!;
  if (verdict === 'replaceable') return { waits: taskId };
  if (verdict === 'rejected') throw new TaskNotUniqueError(task.name, taskId);
  return {
    taskId,
    fresh: verdict === 'fresh',
    fingerprint,
    ...(verdict === 'existing' && { unique: true }),
    ...(replaced && { replaced }),
  };
}

/** The same in a transaction, in which it also replaces what waits. @throws TaskNotUniqueError */
export async function insertUniqueIn(run: RunStatement, task: NewTask, options: UniqueInsert): Promise<SubmittedFirst> {
  let replaced: RevokedTask | undefined;
  for (;;) {
    const done = await insertUnique(run, task, options, replaced);
    if (!('waits' in done)) return done;
    replaced = await replace(run, done.waits, task);
  }
}

/** Calls off the task that has the key, which this transaction holds; undefined: it does not wait any more. */
export async function replace(run: RunStatement, holder: string, by: NewTask): Promise<RevokedTask | undefined> {
  const [raw] = await run<RawRevoked>(REVOKE, [plainArray([holder]), by.userId, `replaced by ${by.id}`, false]);
  const revoked = revokedTask(raw!, true);
  return revoked?.outcome.kind === 'revoked' ? revoked : undefined;
}
