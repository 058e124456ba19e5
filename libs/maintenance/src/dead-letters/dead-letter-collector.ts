import { encodeResult, publicIdOf, type CanvasAbility } from '@lovage/celery';
import { Signal, type Service } from '@lovage/foundation';
import {
  type Broker,
  type Clock,
  type DeadLetterStore,
  type Delivery,
  type KeptDeadLetter,
  type Log,
  type NewDeadLetter,
} from '@lovage/ports';
import { QueueReader } from '../queue-reader/queue-reader.ts';
import { asRepeated, bareDeadLetter, readDeadLetter } from './read-dead-letter.ts';

export interface DeadLetterCollectorOptions {
  readonly broker: Pick<Broker, 'deadLetterQueue' | 'declare' | 'consume' | 'reply'>;
  readonly deadLetters: Pick<DeadLetterStore, 'keep'>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Most dead letters held at once, unacked. Default 100. */
  readonly prefetch?: number;
  /** What workers can do with Celery's canvas. Default: nothing. */
  readonly canvas?: CanvasAbility | undefined;
  /** A task was put into the outbox again: tell the relay. */
  readonly onResent?: () => void;
}

/** A dead letter was settled: written, and its row has an outcome. */
export interface CollectedDeadLetter extends KeptDeadLetter {
  readonly deadLetter: NewDeadLetter;
}

/** Most of one statement: a body may have a mebibyte, and its text twice that. */
const BATCH = 50;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Until a dead letter is asked for again whose task is being sent at the moment, ms. */
const UNDECIDED_RETRY_MS = 1000;
/** Until a dead letter goes back that Postgres refuses in any form, ms. */
const REFUSED_RETRY_MS = 5000;

/**
 * Empties the queue of the dead letters: writes each dead letter down, gives the row that it names an outcome, then acks. Killed in between,
 * the dead letter comes again and is found to be there. Any number may share the queue.
 */
export class DeadLetterCollector implements Service {
  /** For tests. */
  readonly collected = new Signal<CollectedDeadLetter>();
  private readonly reader: QueueReader<NewDeadLetter, KeptDeadLetter>;

  constructor(private readonly options: DeadLetterCollectorOptions) {
    const { broker, log, clock, prefetch = 100 } = options;
    this.reader = new QueueReader({
      ...{ broker, log, clock, prefetch, batchSize: BATCH },
      queue: broker.deadLetterQueue,
      messages: 'dead letters',
      onDelivery: (delivery) => this.take(delivery),
      split: bySize,
      write: (deadLetters) => this.keep(deadLetters),
      // What is left can be kept.
      onRefused: (deadLetter, { message }) => this.keep([bareDeadLetter(deadLetter, message)]),
    });
  }

  /** Resolves at once; a broker that refuses the subscription is asked again and again. */
  start(): Promise<void> {
    return this.reader.start();
  }

  /** Takes no further dead letters; what is not written yet goes back to the queue. */
  stop(): Promise<void> {
    return this.reader.stop();
  }

  /** Never throws, and never rejects. */
  private take(delivery: Delivery): void {
    void this.settle(delivery, readDeadLetter(delivery, this.options.canvas)).catch(async (error: unknown) => {
      if (!this.reader.stopping)
        this.options.log.error({ err: error }, 'a dead letter could not be kept; it goes back');
      // It comes again at once, without end.
      await this.reader.pause(REFUSED_RETRY_MS);
      delivery.nack({ requeue: true });
    });
  }

  private async settle(delivery: Delivery, deadLetter: NewDeadLetter): Promise<void> {
    let kept = await this.reader.write(deadLetter);
    while (kept.outcome === null) {
      if (this.reader.stopping) throw new Error('stopped');
      await this.reader.pause(UNDECIDED_RETRY_MS);
      kept = await this.reader.write(asRepeated(deadLetter));
    }
    delivery.ack();
    this.tell(delivery, deadLetter, kept);
    this.collected.emit({ ...kept, deadLetter });
  }

  /** To the log, and to callers that wait for the task. */
  private tell(
    { replyTo, correlationId }: Delivery,
    deadLetter: NewDeadLetter,
    { id, outcome, failed }: KeptDeadLetter,
  ): void {
    const { broker, log, onResent } = this.options;
    const { reason, code, queue, name, taskId, wireId } = deadLetter;
    log.debug(
      { deadLetter: id, reason, code, queue, task: taskId, contract: name, outcome },
      'a dead letter was collected',
    );
    if (outcome === 'sent_again') onResent?.();
    if (!failed || taskId === null || !replyTo) return;
    const publicId = publicIdOf({ id: taskId, wireId });
    broker.reply(replyTo, {
      correlationId: correlationId || publicId,
      body: encodeResult({ taskId: publicId, state: 'FAILURE', error: JSON.parse(deadLetter.error) }),
    });
  }

  private async keep(deadLetters: readonly NewDeadLetter[]): Promise<KeptDeadLetter[]> {
    const kept = await this.options.deadLetters.keep(deadLetters);
    const [queues, reasons] = [deadLetters.map(({ queue }) => queue), deadLetters.map(({ reason }) => reason)];
    this.options.log.warn(
      { deadLetters: deadLetters.length, queues: [...new Set(queues)], reasons: [...new Set(reasons)] },
      'dead letters were collected: see /api/dead-letters',
    );
    return kept;
  }
}

function bySize(deadLetters: readonly NewDeadLetter[]): NewDeadLetter[][] {
  const parts: NewDeadLetter[][] = [];
  let bytes = Infinity;
  for (const deadLetter of deadLetters) {
    if (bytes + deadLetter.body.length > BATCH_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(deadLetter);
    bytes += deadLetter.body.length;
  }
  return parts;
}
