import { RecyclingMap } from '@lovage/foundation';
import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import {
  BrokerUnavailableError,
  ConfirmLostError,
  isQueueName,
  PublishRefusedError,
  UnroutableError,
} from '@lovage/ports';
import type { Clock, Log } from '@lovage/ports';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { Link } from '../connection/link.ts';
import { LeanPublisher } from './lean-publish.ts';
import type { MessageProperties } from './publish-frames.ts';

interface InFlight {
  readonly id: number;
  readonly queue: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** The server sent it back; its confirm follows. */
  returned: boolean;
}

export interface ConfirmPublisherOptions {
  readonly link: Link;
  readonly maxBodyBytes: number;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * A message in flight for so long, ms, or up to twice as long, is given up. RabbitMQ confirms within a second even when it is busy, and
 * says so when it takes nothing; but one that meets the deletion of its queue (3.10), or a quorum queue without a majority, is
 * never confirmed.
 */
export const CONFIRM_MS = 10_000;
/** amqplib's message for a confirm that says no. */
const NACKED = 'message nacked';

/**
 * Confirmed, mandatory, persistent publishes to the default exchange, any number in flight. Nothing is kept for later: without a
 * channel the answer is no, at once.
 */
export class ConfirmPublisher {
  private readonly kept: KeptChannel<ConfirmChannel>;
  private readonly lean = new WeakMap<ConfirmChannel, LeanPublisher>();
  private readonly inFlight = new RecyclingMap<number, InFlight>();
  private lastId = 0;
  private blockedBecause: string | undefined;
  /** Looks after messages that are never confirmed; only while something is in flight. */
  private looking = false;
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly options: ConfirmPublisherOptions) {
    this.kept = new KeptChannel<ConfirmChannel>({
      purpose: 'publisher',
      link: options.link,
      log: options.log,
      clock: options.clock,
      open: (connection) => connection.createConfirmChannel(),
      setUp: (channel) => {
        channel.on('return', (message: Message) => this.returned(message));
        return Promise.resolve();
      },
    });
  }

  /** Whether something can be published. */
  get isOpen(): boolean {
    return this.kept.current !== undefined && this.blockedBecause === undefined;
  }

  open(connection: ChannelModel): Promise<void> {
    return this.kept.open(connection);
  }

  keep(): void {
    this.kept.keep();
  }

  close(): Promise<void> {
    return this.kept.close();
  }

  /** The server reads no more from this connection. What it has not answered yet may wait for hours: it counts as lost. */
  block(reason: string): void {
    this.blockedBecause = reason || 'no reason given';
    const error = new ConfirmLostError(
      `RabbitMQ stopped taking messages (${this.blockedBecause}) before it confirmed this one: it may or may not be there`,
    );
    for (const entry of this.inFlight.values()) entry.reject(error);
    this.inFlight.clear();
    this.wakeIfIdle();
  }

  unblock(): void {
    this.blockedBecause = undefined;
  }

  /** Resolves once nothing is in flight. */
  idle(): Promise<void> {
    if (this.inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  publish(queue: string, body: Buffer, properties: MessageProperties): Promise<void> {
    const channel = this.kept.current;
    if (!channel || this.blockedBecause !== undefined) return Promise.reject(this.unavailable());
    if (body.length > this.options.maxBodyBytes) return Promise.reject(this.tooLarge(body.length));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const entry: InFlight = { id, queue, resolve, reject, returned: false };
      try {
        this.leanOf(channel).publish(queue, body, properties, String(id), (error) => this.settle(entry, error));
      } catch (error) {
        reject(this.notSent(queue, error));
        return;
      }
      this.inFlight.set(id, entry);
      if (!this.looking) this.lookLater();
    });
  }

  private lookLater(): void {
    this.looking = true;
    const newest = this.lastId;
    this.options.clock.after(CONFIRM_MS, () => {
      this.looking = false;
      const [oldest] = this.inFlight.values();
      if (!oldest) return;
      if (oldest.id <= newest) this.giveUp();
      this.lookLater();
    });
  }

  /** All that is in flight counts as lost: the close of a channel answers it. */
  private giveUp(): void {
    this.options.log.warn(
      { inFlight: this.inFlight.size },
      'RabbitMQ does not confirm messages: opening a new channel',
    );
    this.kept.renew();
  }

  private leanOf(channel: ConfirmChannel): LeanPublisher {
    let lean = this.lean.get(channel);
    if (!lean) this.lean.set(channel, (lean = new LeanPublisher(channel)));
    return lean;
  }

  private settle(entry: InFlight, error: Error | null): void {
    this.inFlight.delete(entry.id);
    if (error === null) {
      if (entry.returned) entry.reject(new UnroutableError(entry.queue));
      else entry.resolve();
    } else if (error.message === NACKED) {
      entry.reject(
        new PublishRefusedError(
          `RabbitMQ refused a message for ${JSON.stringify(entry.queue)}: the queue is full, or failed`,
        ),
      );
    } else {
      entry.reject(
        new ConfirmLostError(
          'RabbitMQ, or the connection to it, was gone before it confirmed this message: it may or may not be there',
          {
            cause: error,
          },
        ),
      );
    }
    if (this.inFlight.size === 0) this.wakeIfIdle();
  }

  /** Of a mandatory message without a queue. It comes before the confirm of the same message. */
  private returned(message: Message): void {
    const entry = this.inFlight.get(Number(message.properties.messageId));
    if (entry) entry.returned = true;
  }

  private wakeIfIdle(): void {
    for (const wake of this.idleWaiters.splice(0)) wake();
  }

  private unavailable(): BrokerUnavailableError {
    return new BrokerUnavailableError(
      this.blockedBecause === undefined
        ? 'there is no connection to RabbitMQ: nothing was sent'
        : `RabbitMQ takes no messages at the moment (${this.blockedBecause}): nothing was sent`,
    );
  }

  private tooLarge(bytes: number): PublishRefusedError {
    return new PublishRefusedError(
      `a body of ${bytes} bytes is over the limit of ${this.options.maxBodyBytes}: keep large data elsewhere and send its address`,
    );
  }

  /** amqplib threw: the channel is closing, or the message cannot be put into frames. */
  private notSent(queue: string, error: unknown): Error {
    if ((error as Error).name === 'IllegalOperationError') return this.unavailable();
    if (!isQueueName(queue)) return new UnroutableError(queue);
    return new PublishRefusedError(`this message cannot be sent by AMQP: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
