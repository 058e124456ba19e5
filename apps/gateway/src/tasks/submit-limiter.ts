import type { Clock } from '@lovage/ports';
import { ProblemError } from '../problems/problem-error.ts';

export interface SubmitRate {
  readonly count: number;
  readonly perMs: number;
}

/** Users remembered, at most; one whose allowance is whole again need not be. */
const MAX_USERS = 10_000;
/** What a fraction of a whole second may be off by, s. */
const ROUNDING = 1e-6;

interface Allowance {
  /** Tasks that may be submitted now; below zero after a batch larger than what was left. */
  left: number;
  /** Clock's monotonic ms. */
  at: number;
}

/** How many tasks a user may submit, of this process alone: an allowance that fills up evenly. Without a rate: any number. */
export class SubmitLimiter {
  private readonly users = new Map<string, Allowance>();

  constructor(
    private readonly rate: SubmitRate | undefined,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes so many from the user's allowance. A batch of more than the whole allowance goes through when that is full, and is
   * paid off afterwards.
   * @throws ProblemError `too_many_submits`
   */
  charge(userId: string, tasks = 1): void {
    if (!this.rate) return;
    this.check(userId, tasks);
    this.note(userId, tasks);
  }

  /** Like {@link charge}, but takes nothing: for requests that learn as they go how many tasks they make, see {@link note}. */
  check(userId: string, tasks = 1): void {
    if (!this.rate) return;
    const { count, perMs } = this.rate;
    const missing = Math.min(tasks, count) - this.left(userId, this.rate);
    if (missing > 0) throw tooMany(this.rate, (missing / count) * perMs);
  }

  /** Takes so many that were made. What is over the allowance is paid off afterwards. */
  note(userId: string, tasks: number): void {
    if (!this.rate || tasks === 0) return;
    const left = this.left(userId, this.rate) - tasks;
    this.users.delete(userId);
    if (this.users.size >= MAX_USERS) this.users.delete(this.users.keys().next().value!);
    this.users.set(userId, { left, at: this.clock.monotonic() });
  }

  /** Whether the user may make one task more now. */
  allows(userId: string): boolean {
    return !this.rate || this.left(userId, this.rate) >= 1;
  }

  private left(userId: string, { count, perMs }: SubmitRate): number {
    const before = this.users.get(userId);
    if (!before) return count;
    return Math.min(count, before.left + ((this.clock.monotonic() - before.at) / perMs) * count);
  }
}

function tooMany({ count, perMs }: SubmitRate, waitMs: number): ProblemError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000 - ROUNDING));
  const detail = `${count} tasks in ${perMs / 1000} s are allowed to a user; try again in ${seconds} s`;
  return new ProblemError('too_many_submits', detail, { headers: { 'retry-after': String(seconds) } });
}
