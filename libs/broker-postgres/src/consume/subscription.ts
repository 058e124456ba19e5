import { plainArray, toError } from '@lovage/foundation';
import {
  PRIORITY_LEVELS,
  type Clock,
  type Consumption,
  type ConsumeOptions,
  type ConsumptionHealth,
  type ConsumptionState,
  type Log,
  type PriorityLevel,
} from '@lovage/ports';
import { isConnectionError } from '../connection/connection-errors.ts';
import type { Row } from '../connection/statement.ts';
import { declareQueues } from '../queues/queues.ts';
import { queueChannel } from '../queues/queue-name.ts';
import type { BrokerSession } from '../sessions/broker-session.ts';
import { ACK, REQUEUE, REFUSE, TAKE, TRIM } from './consume-sql.ts';
import { LevelTakes } from './level-takes.ts';
import { TakeSize } from './take-size.ts';
import { type Settlement, TakenMessage } from './taken-message.ts';

/** Most messages of one take or one settlement: beyond it a larger batch gains little and delays the others. */
const MAX_BATCH = 500;

export interface SubscriptionOptions extends ConsumeOptions {
  readonly queue: string;
  readonly deadLetterQueue: string;
  readonly deadLetterLimit: number;
  readonly clock: Clock;
  readonly log: Log;
  /** So many messages are gone for good. */
  readonly onRemoved: (count: number) => void;
  /** Takes the subscription out of the books; its queue is no longer listened to for it. */
  readonly onCancelled: (session: BrokerSession | undefined) => Promise<void>;
  /** Once nothing is held by it any more. */
  readonly onClosed: () => void;
}

/**
 * One consumption. A single loop serves it: settle what was settled, take what there is room for, until there is neither. Each
 * level of its queue has room of its own.
 */
export class Subscription implements Consumption {
  readonly queue: string;
  readonly channel: string;
  private readonly levels: LevelTakes;
  private readonly settled: Record<Settlement, number[]> = { ack: [], requeue: [], refuse: [] };
  private session: BrokerSession | undefined;
  private looping: Promise<void> | undefined;
  private scheduled = false;
  private paused = false;
  /** The last statement failed, and none has succeeded since. */
  private failing = false;
  private readonly takeSize = new TakeSize(MAX_BATCH);
  private cancelling: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private shown: ConsumptionHealth;

  constructor(private readonly options: SubscriptionOptions) {
    this.queue = options.queue;
    this.channel = queueChannel(options.queue);
    this.levels = new LevelTakes(options.prefetch, () => options.clock.monotonic());
    this.shown = { state: 'stalled', since: options.clock.now() };
  }

  get health(): ConsumptionHealth {
    this.updateHealth();
    return this.shown;
  }

  /** Takes on this session from here on. What an earlier one held is no longer held. */
  attach(session: BrokerSession): void {
    this.detach();
    this.session = session;
    this.levels.begin();
    this.failing = false;
    this.updateHealth();
    void this.loop();
  }

  /** The session is gone: what it held is the queue's again, and settling it does nothing. */
  detach(): void {
    this.session = undefined;
    this.levels.holdNothing();
    for (const ids of Object.values(this.settled)) ids.length = 0;
    this.paused = false;
    this.updateHealth();
  }

  /** There may be messages, as a notification tells. */
  wake(payload: string): void {
    this.levels.wake(payload);
    void this.loop();
  }

  /** In case a notification was lost, a taker died half-way, or a statement failed. */
  poll(): void {
    this.paused = false;
    this.levels.poll();
    void this.loop();
  }

  settle(message: TakenMessage, how: Settlement): void {
    if (message.session !== this.session?.id || !this.levels.drop(message.id)) return;
    this.settled[how].push(message.id);
    if (this.scheduled || this.looping) return;
    this.scheduled = true;
    // All that is settled in this pass of the event loop leaves together.
    setImmediate(() => {
      this.scheduled = false;
      void this.loop();
    });
  }

  cancel(): Promise<void> {
    this.cancelling ??= this.end();
    return this.cancelling;
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async end(): Promise<void> {
    // Read by the loop from here on: nothing more is taken, and what a take under way brings goes back.
    await Promise.resolve();
    await this.looping;
    await this.options.onCancelled(this.session);
  }

  private async finish(): Promise<void> {
    await this.cancel();
    this.paused = false;
    const { session } = this;
    if (session) await this.release(session);
    this.detach();
    this.options.onClosed();
  }

  private async release(session: BrokerSession): Promise<void> {
    try {
      while (session === this.session && !this.paused && (this.looping || this.hasSettled())) await this.loop();
      if (session !== this.session) return;
      const left = Object.values(this.settled).flat();
      const back = [...this.levels.held(), ...left];
      this.levels.holdNothing();
      await this.requeue(session, back, true);
    } catch (error) {
      // They would stay taken for as long as this session lives.
      if (!isConnectionError(error)) session.destroy(toError(error));
    }
  }

  private loop(): Promise<void> {
    if (!this.looping && this.session && !this.paused && this.hasWork()) {
      this.looping = this.run(this.session).finally(() => {
        this.looping = undefined;
        // For what came between the last look and now.
        void this.loop();
      });
    }
    return this.looping ?? Promise.resolve();
  }

  private hasWork(): boolean {
    return this.hasSettled() || PRIORITY_LEVELS.some((level) => this.room(level) > 0);
  }

  private hasSettled(): boolean {
    const { ack, requeue, refuse } = this.settled;
    return ack.length + requeue.length + refuse.length > 0;
  }

  /** How many to take now. */
  private room(level: PriorityLevel): number {
    return this.cancelling ? 0 : this.takeSize.upTo(this.levels.of(level).free);
  }

  private async run(session: BrokerSession): Promise<void> {
    while (session === this.session && !this.paused && this.hasWork()) {
      try {
        // Settlements first: on the one connection the take then never brings the session above its prefetch.
        await allDone([this.flush(session), ...PRIORITY_LEVELS.map((level) => this.take(session, level))]);
        this.failing = false;
      } catch (error) {
        if (session !== this.session) return;
        this.paused = true;
        this.failing = true;
        this.updateHealth();
        // A broken connection is told by the session; the next one goes on.
        if (isConnectionError(error)) return;
        this.options.log.error({ err: error, queue: this.queue }, 'consuming failed; trying again with the next poll');
      }
    }
  }

  private async take(session: BrokerSession, level: PriorityLevel): Promise<void> {
    const count = this.room(level);
    if (count === 0) return;
    const { cursor, held, range } = this.levels.of(level);
    let rows: readonly Row[];
    try {
      rows = await session.run(TAKE, [this.queue, session.id, count, cursor.begin(), range.before]);
    } catch (error) {
      cursor.fail();
      throw error;
    }
    if (session !== this.session) return;
    const messages = rows.map((row) => new TakenMessage(this, session.id, row)).sort((a, b) => a.id - b.id);
    for (const message of messages) held.add(message.id);
    if (this.cancelling) return this.requeueUndelivered(session, messages);
    cursor.end(messages.at(-1)?.id, messages.length === count);
    this.takeSize.took(messages.map(({ body }) => body.length));
    for (const message of messages) this.deliver(message);
  }

  /** They came too late to be delivered. */
  private async requeueUndelivered(session: BrokerSession, messages: readonly TakenMessage[]): Promise<void> {
    const ids = messages.map((message) => message.id);
    await this.requeue(session, ids, false);
    for (const id of ids) this.levels.drop(id);
  }

  private deliver(message: TakenMessage): void {
    try {
      this.options.onDelivery(message);
    } catch (error) {
      this.options.log.error({ err: toError(error), queue: this.queue }, 'a listener of deliveries threw');
    }
  }

  private async flush(session: BrokerSession): Promise<void> {
    await allDone([
      this.send(session, 'ack', (ids) => this.remove(session, ids)),
      this.send(session, 'requeue', (ids) => this.requeue(session, ids, true)),
      this.send(session, 'refuse', (ids) => this.refuse(session, ids)),
    ]);
  }

  private async send(
    session: BrokerSession,
    how: Settlement,
    settle: (ids: number[]) => Promise<unknown>,
  ): Promise<void> {
    const ids = this.settled[how].splice(0, MAX_BATCH);
    if (ids.length === 0) return;
    try {
      await settle(ids);
    } catch (error) {
      // On a later session the same ids may be held anew, and not settled.
      if (session === this.session) this.settled[how].unshift(...ids);
      throw error;
    }
  }

  private async remove(session: BrokerSession, ids: number[]): Promise<void> {
    await session.run(ACK, [this.queue, plainArray(ids), session.id]);
    this.options.onRemoved(ids.length);
  }

  private async requeue(session: BrokerSession, ids: number[], delivered: boolean): Promise<void> {
    if (ids.length === 0) return;
    await session.run(REQUEUE, [this.queue, plainArray(ids), session.id, delivered, this.channel]);
  }

  private async refuse(session: BrokerSession, ids: number[]): Promise<void> {
    const { deadLetterQueue, deadLetterLimit } = this.options;
    // A dead letter refused again is dropped.
    if (this.queue === deadLetterQueue) return this.remove(session, ids);
    const declared = declareQueues(session, [deadLetterQueue]);
    const moved = session.run(REFUSE, [this.queue, plainArray(ids), session.id, deadLetterQueue]);
    const trimmed = session.run(TRIM, [deadLetterQueue, deadLetterLimit]);
    await allDone([declared, moved, trimmed]);
  }

  /** Kept from one look to the next, for the time since when it is so. */
  private updateHealth(): void {
    const state: ConsumptionState =
      this.cancelling || this.closing ? 'paused' : !this.session || this.failing ? 'stalled' : 'consuming';
    if (state !== this.shown.state) this.shown = { state, since: this.options.clock.now() };
  }
}

/** Like `Promise.all`, but a failure waits for the others: none of them is left running. */
async function allDone(works: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(works)) if (outcome.status === 'rejected') throw outcome.reason;
}
