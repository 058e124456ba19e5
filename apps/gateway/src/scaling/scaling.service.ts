import { Inject, Injectable } from '@nestjs/common';
import type { ScalingDocument } from '@lovage/http-api';
import { isQueueName, UnroutableError, type Clock, type QueueScaling } from '@lovage/ports';
import { LRUCache } from 'lru-cache';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { ProblemError } from '../problems/problem-error.ts';

/** How long an answer serves, ms: triggers of one scaler ask one after the other. */
const FRESH_MS = 1_000;
/** Answers kept at a time; names are anybody's. */
const MOST_KEPT = 1_000;
/** Longest wait for the broker, ms: the rows are told all the same. */
const DEPTH_MS = 2_000;
/** What was seen longer ago says nothing of how long messages wait, ms. */
const FORGET_MS = 60_000;

interface Kept {
  readonly answer: Promise<ScalingDocument>;
  readonly at: number;
  /** Since when this gateway has found messages without rows, each time that it looked; undefined: at the last time it did not. */
  rowlessSince?: number | undefined;
}

/** Tells scalers how much a queue has to do: one statement and one look at the broker a second for each queue. */
@Injectable()
export class ScalingService {
  private readonly kept = new LRUCache<string, Kept>({ max: MOST_KEPT });

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'queues' | 'broker'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ProblemError `queue_not_found` for what cannot be a queue's name */
  get(queue: string): Promise<ScalingDocument> {
    if (!isQueueName(queue))
      return Promise.reject(new ProblemError('queue_not_found', `no queue can be called ${JSON.stringify(queue)}`));
    const now = this.clock.monotonic();
    const before = this.kept.get(queue);
    if (before && before.at + FRESH_MS > now) return before.answer;
    const since = before && before.at + FORGET_MS > now ? before.rowlessSince : undefined;
    const read = this.read(queue, since ?? now, now);
    const answer = read.then(({ document }) => document);
    const kept: Kept = { answer, at: now, rowlessSince: since };
    this.kept.set(queue, kept);
    read.then(
      ({ rowless }) => (kept.rowlessSince = rowless > 0 ? (since ?? now) : undefined),
      // A failure is nobody else's answer.
      () => this.kept.get(queue) === kept && this.kept.delete(queue),
    );
    return answer;
  }

  private async read(queue: string, since: number, now: number) {
    const [scaling, messages] = await Promise.all([this.platform.queues.scaling(queue), this.messages(queue)]);
    const { sent, paused, ...told } = scaling;
    // A worker that holds messages back has them of rows, too, so there may be more without rows than this; there are not fewer.
    const rowless = paused || messages === null ? 0 : Math.max(0, messages - sent);
    const ready = told.ready + rowless;
    const waited = rowless > 0 ? (now - since) / 1000 : 0;
    const document = { queue, ...told, ready, messages, backlogSeconds: backlogOf(told, ready, waited) };
    return { document, rowless };
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
