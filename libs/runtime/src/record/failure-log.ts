import type { Log } from '@lovage/ports';
import { IGNORE_CODE, isUntoldEnd, type TaskErrorDocument } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { Outcome } from '../run/outcome.ts';
import { STATES } from './ended.ts';

/** Least level of failed attempts that are logged; `off`: none. */
export type FailureLogLevel = 'warn' | 'error' | 'off';

/**
 * Tells the worker's log of each failed attempt: which task, why, and what happens next. `error`: the task has ended with it;
 * `warn`: there is another attempt, or the error is one that the contract declares.
 */
export class FailureLog {
  constructor(
    private readonly level: FailureLogLevel,
    private readonly log: Log,
  ) {}

  /** Of an attempt that did not succeed. What is no failure (a snooze, a release, a revoke, what the handler ignored) is not told. */
  tell(entry: TaskEntry, outcome: Exclude<Outcome, { kind: 'succeeded' }>): void {
    if (this.level === 'off' || outcome.kind === 'revoked' || outcome.error?.code === IGNORE_CODE) return;
    if (outcome.kind === 'postponed') {
      const { how, error, delayMs } = outcome;
      if (how === 'snooze' || how === 'release' || error === null || this.level === 'error') return;
      const fields = { ...fieldsOf(entry, error), next: 'RETRY', delayMs: Math.round(delayMs) };
      return this.log.warn(fields, `an attempt failed; the task runs again in ${fields.delayMs} ms`);
    }
    const state = STATES[outcome.kind];
    const level = isDeclared(entry, outcome.error) || isUntoldEnd(outcome.error) ? 'warn' : 'error';
    if (level === 'warn' && this.level === 'error') return;
    this.log[level](
      { ...fieldsOf(entry, outcome.error), next: state },
      `an attempt failed; the task has ended ${state}`,
    );
  }
}

function fieldsOf({ id, task, newTask, retries }: TaskEntry, err: TaskErrorDocument) {
  return { task: id, contract: task.name, queue: newTask.queue, attempt: retries + 1, err };
}

function isDeclared({ binding }: TaskEntry, { type, code }: TaskErrorDocument): boolean {
  return binding !== undefined && code === undefined && Object.hasOwn(binding.contract.errors, type);
}
