import { Inject, Injectable } from '@nestjs/common';
import type { LovageClient } from '@lovage/client';
import type { BulkFailure, BulkStore, Clock } from '@lovage/ports';
import { AgainTally } from '../again/again-tally.ts';
import { DueTimes } from '../again/due-times.ts';
import { DeadLettersService } from '../dead-letters/dead-letters.service.ts';
import { BULK, CLIENT, CLOCK } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { RetryManyService } from '../tasks/retry-many.service.ts';
import { SubmitLimiter } from '../tasks/submit-limiter.ts';
import type { BulkPage, BulkScope } from './bulk-targets.ts';

/** What became of a page. */
export interface BulkOutcome {
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly failures: readonly BulkFailure[];
}

/** Does to some what a job does to all. Each may be done twice, and has its effect once. */
@Injectable()
export class BulkActions {
  constructor(
    @Inject(CLIENT) private readonly client: Pick<LovageClient, 'revoke'>,
    @Inject(BULK) private readonly store: Pick<BulkStore, 'deleteTasks' | 'deleteLetters'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly retrying: RetryManyService,
    private readonly letters: DeadLettersService,
    private readonly limiter: SubmitLimiter,
  ) {}

  /** @throws ProblemError `too_many_submits`; and what the stores and the client throw. */
  async run({ spec, userId }: BulkScope, reason: string, page: BulkPage): Promise<BulkOutcome> {
    switch (spec.action) {
      case 'task.revoke': {
        const by = { who: userId, why: reason, terminate: spec.terminate };
        const { revoked, marked } = await withinDeadline(this.clock, this.client.revoke(page.tasks, by));
        return deedsOf(page.tasks.length, revoked + marked);
      }
      case 'task.delete':
        return deedsOf(page.tasks.length, await withinDeadline(this.clock, this.store.deleteTasks(page.tasks)));
      case 'dead_letter.delete': {
        const ids = page.letters.map(({ id }) => id);
        return deedsOf(ids.length, await withinDeadline(this.clock, this.store.deleteLetters(ids)));
      }
      case 'task.retry':
        return this.again(userId, (due, tally) =>
          this.retrying.retryThese(page.tasks, { userId, mapping: spec.mapping }, due, tally),
        );
      case 'dead_letter.redrive':
        return this.again(userId, (due, tally) =>
          this.letters.redriveThese(page.letters, { userId, edits: { mapping: spec.mapping } }, due, tally),
        );
    }
  }

  private async again(userId: string, make: (due: DueTimes, tally: AgainTally) => Promise<void>): Promise<BulkOutcome> {
    this.limiter.check(userId);
    const tally = new AgainTally();
    await make(new DueTimes(undefined, this.clock, null), tally);
    const { submitted, skipped, refused, refusals } = tally.counts;
    return { done: submitted, skipped, failed: refused, failures: refusals.map(storable) };
  }
}

const deedsOf = (all: number, done: number): BulkOutcome => ({ done, skipped: all - done, failed: 0, failures: [] });

/** A message may repeat text of an input that Postgres does not take. */
function storable({ id, code, message }: BulkFailure): BulkFailure {
  return { id, code, message: message.replace(/[\0\p{Surrogate}]/gu, '\ufffd') };
}
