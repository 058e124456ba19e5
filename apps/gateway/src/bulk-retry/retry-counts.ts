import type { BulkRetryAnswer } from '@lovage/http-api';
import { problemOf } from '../problems/problem-of.ts';

/** Refusals that are told one by one. */
const TOLD = 20;
/** What speaks against one of many; anything else is against the request. */
const OF_ONE: ReadonlySet<string> = new Set([
  'letter_unreadable',
  'task_not_ended',
  'input_invalid',
  'options_invalid',
  'body_invalid',
  'queue_unknown',
]);

/** Counts what became of each of many. */
export class BulkRetryCounts {
  submitted = 0;
  skipped = 0;
  private refused = 0;
  private readonly refusals: BulkRetryAnswer['refusals'] = [];

  /** What `make` gives; undefined, and counted, where the thing itself cannot be run again. Throws what is no fault of it. */
  try<T>(id: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      const { code, detail, errors } = problemOf(error);
      if (!OF_ONE.has(code)) throw error;
      this.refused += 1;
      const reason = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
      if (this.refusals.length < TOLD) this.refusals.push({ id, code, message: (reason || detail).slice(0, 1000) });
      return undefined;
    }
  }

  /** So far, of the refused the first ones with their reasons. */
  get all(): Pick<BulkRetryAnswer, 'submitted' | 'skipped' | 'refused' | 'refusals'> {
    const { submitted, skipped, refused, refusals } = this;
    return { submitted, skipped, refused, refusals };
  }

  answer(lastDueAt: number | null, nextCursor: string | null): BulkRetryAnswer {
    const last = this.submitted === 0 || lastDueAt === null ? null : new Date(lastDueAt).toISOString();
    return { ...this.all, lastDueAt: last, nextCursor };
  }
}
