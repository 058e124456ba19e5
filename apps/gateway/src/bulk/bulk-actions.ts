import { Inject, Injectable } from '@nestjs/common';
import type { LovageClient } from '@lovage/client';
import type { BulkFailure, Clock } from '@lovage/ports';
import { BulkRetryCounts } from '../bulk-retry/retry-counts.ts';
import { DueTimes } from '../bulk-retry/due-times.ts';
import { DeadLettersService } from '../dead-letters/dead-letters.service.ts';
import { CLIENT, CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
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
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'bulk'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly retrying: RetryManyService,
    private readonly deadLetters: DeadLettersService,
    private readonly limiter: SubmitLimiter,
  ) {}

  /** @throws ProblemError `too_many_submits`; and what the stores and the client throw. */
  async run({ spec, userId }: BulkScope, reason: string, page: BulkPage): Promise<BulkOutcome> {
    switch (spec.action) {
      case 'task.revoke': {
        const by = { actor: userId, reason, terminate: spec.terminate };
        const { revoked, cancelRequested } = await this.client.revoke(page.tasks, by);
        return deedsOf(page.tasks.length, revoked + cancelRequested);
      }
      case 'task.delete':
        return deedsOf(page.tasks.length, await this.platform.bulk.deleteTasks(page.tasks));
      case 'dead_letter.delete': {
        const ids = page.deadLetters.map(({ id }) => id);
        return deedsOf(ids.length, await this.platform.bulk.deleteDeadLetters(ids));
      }
      case 'task.retry':
        return this.retry(userId, (due, counts) =>
          this.retrying.retryThese(page.tasks, { userId, mapping: spec.mapping }, due, counts),
        );
      case 'dead_letter.redrive':
        return this.retry(userId, (due, counts) =>
          this.deadLetters.redriveThese(page.deadLetters, { userId, edits: { mapping: spec.mapping } }, due, counts),
        );
    }
  }

  private async retry(
    userId: string,
    make: (due: DueTimes, counts: BulkRetryCounts) => Promise<void>,
  ): Promise<BulkOutcome> {
    await this.limiter.check(userId);
    const counts = new BulkRetryCounts();
    await make(new DueTimes(undefined, this.clock, null), counts);
    const { submitted, skipped, refused, refusals } = counts.all;
    return { done: submitted, skipped, failed: refused, failures: refusals.map(storable) };
  }
}

const deedsOf = (all: number, done: number): BulkOutcome => ({ done, skipped: all - done, failed: 0, failures: [] });

/** A message may repeat text of an input that Postgres does not take. */
function storable({ id, code, message }: BulkFailure): BulkFailure {
  return { id, code, message: message.replace(/[\0\p{Surrogate}]/gu, '\ufffd') };
}
