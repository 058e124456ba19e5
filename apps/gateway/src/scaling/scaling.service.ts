import { Inject, Injectable } from '@nestjs/common';
import type { ScalingDocument } from '@lovage/http-api';
import { isQueueName, UnroutableError, type Clock, type QueueScaling } from '@lovage/ports';
import { LRUCache } from 'lru-cache';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { RecentAnswers } from '../http/recent-answers.ts';
import { ProblemError } from '../problems/problem-error.ts';

/** How long an answer serves, ms: triggers of one scaler ask one after the other. */
const FRESH_MS = 1_000;
/** Answers kept at a time; names are anybody's. */
const MOST_KEPT = 1_000;
/** Longest wait for the broker, ms: the rows are told all the same. */
const DEPTH_MS = 2_000;
/** What was seen longer ago says nothing of how long messages wait, ms. */
const FORGET_MS = 60_000;

/** Messages without rows that the last look has found. */
interface Rowless {
  /** When this gateway found the first of them, and when it looked last, monotonic ms. */
  readonly since: number;
  readonly at: number;
}

/** Tells scalers how much a queue has to do: one statement and one look at the broker a second for each queue. */
@Injectable()
export class ScalingService {
  private readonly answers: RecentAnswers<ScalingDocument>;
  private readonly rowless = new LRUCache<string, Rowless>({ max: MOST_KEPT });

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'queues' | 'broker'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.answers = new RecentAnswers(clock, FRESH_MS, MOST_KEPT);
  }

  /** @throws ProblemError `queue_not_found` for what cannot be a queue's name */
  get(queue: string): Promise<ScalingDocument> {
    if (!isQueueName(queue))
      return Promise.reject(new ProblemError('queue_not_found', `no queue can be called ${JSON.stringify(queue)}`));
    return this.answers.get(queue, () => this.read(queue));
  }

  private async read(queue: string): Promise<ScalingDocument> {
    const now = this.clock.monotonic();
    const [scaling, messages] = await Promise.all([this.platform.queues.scaling(queue), this.messages(queue)]);
    const { sent, paused, ...told } = scaling;
    // A worker that holds messages back has them of rows, too, so there may be more without rows than this; there are not fewer.
    const rowless = paused || messages === null ? 0 : Math.max(0, messages - sent);
    const ready = told.ready + rowless;
    const waited = rowless > 0 ? this.waitedMs(queue, now) / 1000 : 0;
    if (rowless === 0) this.rowless.delete(queue);
    return { queue, ...told, ready, messages, backlogSeconds: backlogOf(told, ready, waited) };
  }

  /** For how long messages without rows have been found, each time that this gateway looked. */
  private waitedMs(queue: string, now: number): number {
    const before = this.rowless.get(queue);
    const since = before && before.at + FORGET_MS > now ? before.since : now;
    this.rowless.set(queue, { since, at: now });
    return now - since;
  }

  /** Null: the broker does not tell. */
  private async messages(queue: string): Promise<number | null> {
    const { broker } = this.platform;
    if (broker.state === 'down') return null;
    try {
      return (await withinDeadline(this.clock, broker.depth(queue), DEPTH_MS)).ready;
    } catch (error) {
      return error instanceof UnroutableError ? 0 : null;
    }
  }
}

/** @param waited how long messages without rows have waited at least, s */
function backlogOf({ drainPerSecond, oldestAgeSeconds }: QueueAges, ready: number, waited: number): number {
  if (ready === 0) return 0;
  return drainPerSecond === null ? Math.max(1, oldestAgeSeconds, waited) : ready / drainPerSecond;
}

type QueueAges = Pick<QueueScaling, 'drainPerSecond' | 'oldestAgeSeconds'>;
