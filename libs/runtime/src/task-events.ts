import { errorDetails, type Signal } from '@lovage/foundation';
import { IGNORE_CODE, REJECT_CODE, type TaskErrorDocument, type TerminalState } from '@lovage/task';
import type { TaskEntry } from './entry.ts';
import type { SettledRecord } from './record/ended.ts';
import { NotRegistered } from './run/abort-reasons.ts';

/** A task in this worker's hands, as others may read it: while they are told of it, and no longer. */
export type HeldTask = Readonly<
  Pick<TaskEntry, 'id' | 'task' | 'newTask' | 'state' | 'retries' | 'startedAt' | 'endedAt' | 'isSettled' | 'children'>
> & { readonly deliveries: readonly Pick<TaskEntry['deliveries'][number], 'redelivered' | 'priority' | 'headers'>[] };

/** What has happened to a task here, in the kinds that Celery's events have. */
export type TaskEvent = { readonly task: HeldTask } & (
  | { readonly kind: 'received' | 'started' }
  | { readonly kind: 'progressed'; /** JSON text. */ readonly progress: string }
  | { readonly kind: 'succeeded'; /** JSON text. */ readonly result: string }
  | { readonly kind: 'failed' | 'retried'; readonly error: TaskErrorDocument | null }
  /** `ran`: its attempt was ended. */
  | { readonly kind: 'revoked'; readonly expired: boolean; readonly ran: boolean }
  | { readonly kind: 'rejected'; readonly requeue: boolean }
);

interface TaskSignals {
  readonly started: Signal<string>;
  readonly tasks: Signal<TaskEvent>;
}

/** It is in hand. */
export function tellReceived({ tasks }: TaskSignals, entry: TaskEntry): void {
  // What is not run here is some other worker's to tell of.
  if (tasks.heard && !entry.passOn) tasks.emit({ kind: 'received', task: entry });
}

/** An attempt begins. */
export function tellStarted({ started, tasks }: TaskSignals, entry: TaskEntry): void {
  if (started.heard) started.emit(entry.task.name);
  if (tasks.heard) tasks.emit({ kind: 'started', task: entry });
}

/** Its handler reports progress. */
export function tellProgressed({ tasks }: TaskSignals, entry: TaskEntry, progress: string): void {
  if (tasks.heard) tasks.emit({ kind: 'progressed', progress, task: entry });
}

/** The record of an attempt is dealt with. */
export function tellSettled({ tasks }: TaskSignals, record: SettledRecord): void {
  if (!tasks.heard) return;
  const event = eventOf(record);
  if (event) tasks.emit({ ...event, task: record.entry });
}

/** It has left without an attempt. Of any other end the worker that ran it tells. @param state of its row */
export function tellLeft({ tasks }: TaskSignals, entry: TaskEntry, state: TerminalState | undefined): void {
  if (!tasks.heard) return;
  if (state === 'EXPIRED' || state === 'REVOKED')
    tasks.emit({ kind: 'revoked', expired: state === 'EXPIRED', ran: false, task: entry });
}

/** It has waited for too long for a worker that serves it. */
export function tellUnserved({ tasks }: TaskSignals, entry: TaskEntry): void {
  if (tasks.heard) tasks.emit({ kind: 'failed', error: errorDetails(new NotRegistered(entry.task.name)), task: entry });
}

/** Postgres keeps nothing of it: its message is dead-lettered. */
export function tellGivenUp({ tasks }: TaskSignals, entry: TaskEntry): void {
  if (tasks.heard) tasks.emit({ kind: 'rejected', requeue: false, task: entry });
}

type WithoutTask<T> = T extends unknown ? Omit<T, 'task'> : never;

function eventOf({ kind, entry, outcome }: SettledRecord): WithoutTask<TaskEvent> | undefined {
  if (kind === 'unstorable') return { kind: 'rejected', requeue: false };
  if (kind === 'requeue' || kind === 'released') return { kind: 'rejected', requeue: true };
  // In other hands, which tell.
  if (kind === 'too_late') return undefined;
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'succeeded', result: outcome.result };
    case 'failed':
    case 'dead':
      if (outcome.error.code === REJECT_CODE) return { kind: 'rejected', requeue: false };
      if (outcome.error.code === IGNORE_CODE) return undefined;
      return { kind: 'failed', error: outcome.error };
    case 'revoked':
      return { kind: 'revoked', expired: false, ran: entry.startedAt > 0 };
    case 'postponed':
      return outcome.how === 'release'
        ? { kind: 'rejected', requeue: true }
        : { kind: 'retried', error: outcome.error };
  }
}
