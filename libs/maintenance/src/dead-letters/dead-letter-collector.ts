import { encodeResult } from '@lovage/celery';
import {
  backoffDelayMs,
  Batcher,
  hasCode,
  Lifecycle,
  Signal,
  type BackoffPolicy,
  type Service,
} from '@lovage/foundation';
import {
  systemClock,
  type Broker,
  type Clock,
  type Consumption,
  type DeadLetterStore,
  type Delivery,
  type KeptDeadLetter,
  type Log,
  type NewDeadLetter,
} from '@lovage/ports';
import { asRepeated, bareLetter, readLetter } from './read-letter.ts';

export interface DeadLetterCollectorOptions {
  readonly broker: Pick<Broker, 'deadLetterQueue' | 'declare' | 'consume' | 'reply'>;
  readonly letters: Pick<DeadLetterStore, 'keep'>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Most letters held at once, unacked. Default 100. */
  readonly prefetch?: number;
  /** A task was put into the outbox again: tell the relay. */
  readonly onSentAgain?: () => void;
}

/** A letter was settled: written, and its row has an outcome. */
export interface CollectedLetter extends KeptDeadLetter {
  readonly letter: NewDeadLetter;
}

/** Most of one statement: a body may have a mebibyte, and its text twice that. */
const BATCH = 50;
const BATCH_BYTES = 4 * 1024 * 1024;
/** While Postgres or the broker does not take it. */
const AGAIN: BackoffPolicy = { kind: 'exponential', delayMs: 250, maxDelayMs: 5000, jitter: true };
/** Until a letter is asked for again whose task is being sent at the moment, ms. */
const UNDECIDED_AGAIN_MS = 1000;
/** Until a letter goes back that Postgres refuses in any form, ms. */
const REFUSED_AGAIN_MS = 5000;

/**
 * Empties the queue of the dead letters: writes each letter down, gives the row that it names an outcome, then acks. Killed in between,
 * the letter comes again and is found to be there. Any number may share the queue.
 */
export class DeadLetterCollector implements Service {
  /** For tests. */
  readonly collected = new Signal<CollectedLetter>();
  private readonly clock: Clock;
  private readonly lifecycle = new Lifecycle(
    () => this.begin(),
    () => this.end(),
  );
  private readonly batcher: Batcher<NewDeadLetter, KeptDeadLetter>;
  private consumption: Consumption | undefined;
  private subscribing: Promise<void> | undefined;
  private stopping = false;
  /** Ends waits when the collector stops. */
  private readonly wakers = new Set<() => void>();

  constructor(private readonly options: DeadLetterCollectorOptions) {
    this.clock = options.clock ?? systemClock;
    this.batcher = new Batcher({ maxSize: BATCH, flush: (letters) => this.keep(letters) });
  }

  /** Resolves at once; a broker that refuses the subscription is asked again and again. */
  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /** Takes no further letters; what is not written yet goes back to the queue. */
  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  private async begin(): Promise<void> {
    this.subscribing = this.subscribe();
  }

  private async end(): Promise<void> {
    this.stopping = true;
    for (const wake of this.wakers) wake();
    await this.subscribing;
    await this.consumption?.cancel();
    await this.batcher.idle();
    await this.consumption?.close();
  }

  private async subscribe(): Promise<void> {
    const { broker, log, prefetch = 100 } = this.options;
    const queue = broker.deadLetterQueue;
    for (let failures = 1; !this.stopping; failures += 1) {
      try {
        await broker.declare(queue);
        this.consumption = await broker.consume(queue, { prefetch, onDelivery: (delivery) => this.take(delivery) });
        return;
      } catch (error) {
        log[failures === 1 ? 'warn' : 'debug']({ err: error, queue }, 'dead letters cannot be collected; tried again');
        await this.pause(backoffDelayMs(AGAIN, failures));
      }
    }
  }

  /** Never throws, and never rejects. */
  private take(delivery: Delivery): void {
    void this.settle(delivery, readLetter(delivery)).catch(async (error: unknown) => {
      if (!this.stopping) this.options.log.error({ err: error }, 'a dead letter could not be kept; it goes back');
      // It comes again at once, and would turn in circles.
      await this.pause(REFUSED_AGAIN_MS);
      delivery.nack({ requeue: true });
    });
  }

  private async settle(delivery: Delivery, letter: NewDeadLetter): Promise<void> {
    let kept = await this.batcher.add(letter);
    while (kept.outcome === null) {
      if (this.stopping) throw new Error('stopped');
      await this.pause(UNDECIDED_AGAIN_MS);
      kept = await this.batcher.add(asRepeated(letter));
    }
    delivery.ack();
    this.tell(delivery, letter, kept);
    this.collected.emit({ ...kept, letter });
  }

  /** To the log, and to whoever waits for the task. */
  private tell(
    { replyTo, correlationId }: Delivery,
    letter: NewDeadLetter,
    { id, outcome, failed }: KeptDeadLetter,
  ): void {
    const { broker, log, onSentAgain } = this.options;
    const { reason, code, queue, name, taskId, wireId } = letter;
    log.debug(
      { letter: id, reason, code, queue, task: taskId, contract: name, outcome },
      'a dead letter was collected',
    );
    if (outcome === 'sent_again') onSentAgain?.();
    if (!failed || taskId === null || !replyTo) return;
    const publicId = wireId ?? taskId;
    broker.reply(replyTo, {
      correlationId: correlationId || publicId,
      body: encodeResult({ taskId: publicId, state: 'FAILURE', error: JSON.parse(letter.error) }),
    });
  }

  /** Holds on to letters while Postgres is away. */
  private async keep(letters: readonly NewDeadLetter[]): Promise<KeptDeadLetter[]> {
    const kept: KeptDeadLetter[] = [];
    for (const part of bySize(letters)) kept.push(...(await this.keepPart(part)));
    const [queues, reasons] = [letters.map(({ queue }) => queue), letters.map(({ reason }) => reason)];
    this.options.log.warn(
      { letters: letters.length, queues: [...new Set(queues)], reasons: [...new Set(reasons)] },
      'dead letters were collected: see /api/dead-letters',
    );
    return kept;
  }

  private async keepPart(letters: readonly NewDeadLetter[]): Promise<KeptDeadLetter[]> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.options.letters.keep(letters);
      } catch (error) {
        if (hasCode(error, 'value_refused')) return this.keepOneByOne(letters, error);
        if (this.stopping) throw error;
        if (failures === 1)
          this.options.log.warn({ err: error }, 'dead letters cannot be kept now; holding on to them');
        await this.pause(backoffDelayMs(AGAIN, failures));
      }
    }
  }

  private async keepOneByOne(letters: readonly NewDeadLetter[], error: Error): Promise<KeptDeadLetter[]> {
    const kept: KeptDeadLetter[] = [];
    for (const letter of letters) {
      // Alone, and so at fault: what is left can be kept.
      const alone = letters.length === 1 ? bareLetter(letter, error.message) : letter;
      kept.push(...(letters.length === 1 ? await this.options.letters.keep([alone]) : await this.keepPart([alone])));
    }
    return kept;
  }

  private pause(ms: number): Promise<void> {
    if (this.stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.wakers.delete(done);
        callOff();
        resolve();
      };
      const callOff = this.clock.after(ms, done);
      this.wakers.add(done);
    });
  }
}

function bySize(letters: readonly NewDeadLetter[]): NewDeadLetter[][] {
  const parts: NewDeadLetter[][] = [];
  let bytes = Infinity;
  for (const letter of letters) {
    if (bytes + letter.body.length > BATCH_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(letter);
    bytes += letter.body.length;
  }
  return parts;
}
