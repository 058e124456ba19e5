import { toError } from '@lovage/foundation';
import {
  PRIORITY_LEVELS,
  type Clock,
  type ConsumeOptions,
  type Consumption,
  type ConsumptionHealth,
  type ConsumptionState,
  type Delivery,
  type Log,
  type PriorityLevel,
} from '@lovage/ports';
import { isAnswer } from '../connection/redis-errors.ts';
import type { RedisSession } from '../connection/session.ts';
import { listsOf, OUR_TAG, SESSIONS, UNACKED, UNACKED_INDEX } from '../keys.ts';
import { readEnvelope, type ReceivedEnvelope } from '../wire/envelope.ts';
import type { RedisSettler } from './settler.ts';

/** Messages of one level that one script call takes: Redis serves nobody else meanwhile, and Lua has bounds. */
const TAKE_SIZE = 300;
const LEVELS = [0, 1, 2] as const;

interface Held {
  readonly level: number;
  /** Monotonic, ms: taken, or renewed. */
  at: number;
}

export interface RedisSubscriptionOptions {
  readonly queue: string;
  readonly consume: ConsumeOptions;
  readonly settler: RedisSettler;
  readonly clock: Clock;
  readonly log: Log;
  /** First of so many numbers that no other tag of this session has. */
  readonly numbers: (count: number) => number;
  /** Stops listening for messages of the queue. */
  readonly deafen: () => Promise<void>;
  readonly onClosed: () => void;
}

/**
 * Takes messages of one queue, as many of each level as there is room for. One take is under way at a time; what is acked meanwhile makes
 * the next one larger. A level that was found empty is asked again only when somebody says that a message came, or by a poll.
 */
export class RedisSubscription implements Consumption {
  private session: RedisSession | undefined;
  private readonly held = new Map<string, Held>();
  private readonly counts = [0, 0, 0];
  private readonly mayHave = [true, true, true];
  private taking: Promise<void> | undefined;
  private scheduled = false;
  private cancelling: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private shown: ConsumptionHealth;

  constructor(private readonly options: RedisSubscriptionOptions) {
    this.shown = { state: 'stalled', since: options.clock.now() };
  }

  get queue(): string {
    return this.options.queue;
  }

  get active(): boolean {
    return !this.cancelling;
  }

  get health(): ConsumptionHealth {
    return this.shown;
  }

  attach(session: RedisSession): void {
    this.session = session;
    this.show('consuming');
    this.wake();
  }

  /** What was held belongs to the queue again. */
  detach(): void {
    this.session = undefined;
    this.held.clear();
    this.counts.fill(0);
    this.show('stalled');
  }

  /** Messages may have come. */
  readonly wake = (): void => {
    this.mayHave.fill(true);
    this.pump();
  };

  /** Tags held since before `before`, which count as renewed then. */
  renewed(before: number, now: number): string[] {
    const tags: string[] = [];
    for (const [tag, held] of this.held) {
      // In the order of their time, but for those renewed before.
      if (held.at > before) continue;
      held.at = now;
      tags.push(tag);
    }
    return tags;
  }

  cancel(): Promise<void> {
    this.cancelling ??= this.endTaking();
    return this.cancelling;
  }

  close(): Promise<void> {
    this.closing ??= this.endAll();
    return this.closing;
  }

  private async endTaking(): Promise<void> {
    this.show('paused', true);
    await this.options.deafen().catch(() => undefined);
    await this.taking;
  }

  private async endAll(): Promise<void> {
    await this.cancel();
    const { settler, onClosed } = this.options;
    for (const tag of this.held.keys()) settler.requeue(tag);
    this.held.clear();
    this.counts.fill(0);
    await settler.flush();
    onClosed();
  }

  private show(state: ConsumptionState, always = false): void {
    if ((this.cancelling && !always) || this.shown.state === state) return;
    this.shown = { state, since: this.options.clock.now() };
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    const { session } = this;
    if (!session || this.cancelling || this.taking) return;
    const credit = LEVELS.map((level) =>
      this.mayHave[level] ? Math.min(this.options.consume.prefetch - this.counts[level]!, TAKE_SIZE) : 0,
    );
    if (credit.every((room) => room <= 0)) return;
    this.taking = this.take(session, credit)
      .catch((error: unknown) => this.onFailure(session, error))
      .finally(() => {
        this.taking = undefined;
        this.pump();
      });
  }

  private async take(session: RedisSession, credit: readonly number[]): Promise<void> {
    const { queue, numbers, settler } = this.options;
    const first = numbers(credit.reduce((sum, room) => sum + Math.max(0, room), 0));
    // What comes while this is under way may be missed by it, and is told by a wake.
    for (const level of LEVELS) this.mayHave[level] &&= credit[level]! <= 0;
    const answer = (await session.commands.lovageTake(
      7,
      ...[UNACKED, UNACKED_INDEX, SESSIONS, ...listsOf(queue)],
      ...[session.id, queue, first, ...credit],
    )) as (number | string)[] | null;
    if (answer === null) return session.end(new Error('Redis has forgotten this session'));
    const found = answer.slice(0, 4) as number[];
    const taken = LEVELS.map((level) => (level < 2 ? found[level]! : found[2]! + found[3]!));
    for (const level of LEVELS) if (credit[level]! > 0 && taken[level] === credit[level]) this.mayHave[level] = true;
    let number = first;
    let at = 4;
    const now = this.options.clock.monotonic();
    for (const [place, count] of found.entries()) {
      const level = Math.min(place, 2);
      for (let n = 0; n < count; n += 1, at += 1, number += 1) {
        const tag = `${OUR_TAG}:${session.id}:${place}:${number}:${queue}`;
        // Taken while it was cancelled, or the connection went.
        if (this.session !== session) continue;
        if (this.cancelling) {
          settler.requeue(tag);
          continue;
        }
        this.held.set(tag, { level, at: now });
        this.counts[level]! += 1;
        this.deliver(tag, level, readEnvelope(answer[at] as string));
      }
    }
  }

  private onFailure(session: RedisSession, error: unknown): void {
    if (this.session !== session) return;
    if (!isAnswer(error)) return;
    this.mayHave.fill(false);
    this.options.log.error({ err: toError(error), queue: this.queue }, 'messages could not be taken; trying again');
  }

  private deliver(tag: string, level: number, received: ReceivedEnvelope): void {
    const { queue, settler, consume, log } = this.options;
    const settle = (how: () => void): void => {
      if (!this.held.delete(tag)) return;
      this.counts[level]! -= 1;
      how();
      if (this.mayHave[level]) this.schedule();
    };
    const delivery: Delivery = {
      ...received,
      queue,
      level: PRIORITY_LEVELS[level] as PriorityLevel,
      ack: () => settle(() => settler.ack(tag)),
      nack: ({ requeue }) => settle(() => (requeue ? settler.requeue(tag) : settler.refuse(tag, queue))),
    };
    try {
      consume.onDelivery(delivery);
    } catch (error) {
      log.error({ err: toError(error), queue }, 'a listener of deliveries threw');
    }
  }
}
