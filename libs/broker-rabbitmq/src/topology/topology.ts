import type { Channel, ChannelModel, Options } from 'amqplib';
import { InvalidQueueNameError, isQueueName, UnroutableError, type Log } from '@lovage/ports';
import { onThrowawayChannel, replyCode } from '../connection/throwaway.ts';
import type { QueueKind } from '../options.ts';
import { RabbitRefusedError } from '../refused-error.ts';
import { DEAD_LETTER_QUEUE, queueOptions } from './queue-arguments.ts';

/**
 * Who moves a refused message to the dead letters: the `server`, for a queue with our arguments; the `client`, for one without
 * (Celery's), or with arguments of somebody else, which AMQP does not tell.
 */
export type DeadLettering = 'server' | 'client';

/** Queues as they have to be, remembered so that they can be made again on a new connection. */
export class Topology {
  private readonly known = new Map<string, DeadLettering>();
  private readonly preparedDeadLetters = new WeakMap<ChannelModel, Promise<void>>();

  constructor(
    private readonly kind: QueueKind,
    /** Name of the exchange and of the queue of the dead letters. */
    private readonly deadLetterQueue: string,
    private readonly log: Log,
  ) {}

  /**
   * Makes sure that the queue is there, and remembers it.
   * @throws InvalidQueueNameError
   * @throws RabbitRefusedError
   */
  async declare(connection: ChannelModel, queue: string): Promise<DeadLettering> {
    if (!isQueueName(queue)) throw new InvalidQueueNameError(queue);
    // Asked for by name: by whoever found that it is gone, perhaps.
    if (queue === this.deadLetterQueue && !(await this.exists(connection, queue))) this.missDeadLetters(connection);
    await this.deadLetters(connection);
    // Behind the dead letters there is nothing: what is refused there is dropped.
    const dead =
      queue === this.deadLetterQueue
        ? 'server'
        : await this.ensure(connection, queue, queueOptions(this.kind, this.deadLetterQueue));
    this.known.set(queue, dead);
    return dead;
  }

  /** All that was declared, once more. A queue that fails is logged and does not keep the others from it. */
  async replay(connection: ChannelModel): Promise<void> {
    if (this.known.size === 0) return;
    const queues = [...this.known.keys()];
    const outcomes = await Promise.allSettled(queues.map((queue) => this.declare(connection, queue)));
    outcomes.forEach((outcome, n) => {
      if (outcome.status === 'rejected') {
        this.log.warn({ err: outcome.reason as unknown, queue: queues[n] }, 'a queue could not be declared again');
      }
    });
  }

  /** @throws UnroutableError when it was not declared here and is not there either. */
  async expect(connection: ChannelModel, queue: string): Promise<void> {
    if (this.known.has(queue) || (isQueueName(queue) && (await this.exists(connection, queue)))) return;
    throw new UnroutableError(queue);
  }

  forget(queue: string): void {
    this.known.delete(queue);
  }

  /** The dead letters, once per connection unless that failed. */
  deadLetters(connection: ChannelModel): Promise<void> {
    let prepared = this.preparedDeadLetters.get(connection);
    if (!prepared) {
      prepared = this.declareDeadLetters(connection);
      this.preparedDeadLetters.set(connection, prepared);
      prepared.catch(() => this.preparedDeadLetters.delete(connection));
    }
    return prepared;
  }

  /** They were found missing: the next call of {@link deadLetters} makes them again. */
  missDeadLetters(connection: ChannelModel): void {
    this.preparedDeadLetters.delete(connection);
  }

  private async declareDeadLetters(connection: ChannelModel): Promise<void> {
    const name = this.deadLetterQueue;
    await this.ensure(connection, name, DEAD_LETTER_QUEUE);
    const bound = await this.accepts(connection, name, async (channel) => {
      await channel.assertExchange(name, 'fanout', { durable: true });
      await channel.bindQueue(name, name, '');
    });
    if (!bound) this.log.warn({ exchange: name }, 'the dead letter exchange is somebody else’s: left as it is');
  }

  private async ensure(connection: ChannelModel, queue: string, wanted: Options.AssertQueue): Promise<DeadLettering> {
    const known = this.known.get(queue);
    const exists = await this.exists(connection, queue);
    if (exists && known) return known;
    if (exists && this.kind === 'celery' && queue !== this.deadLetterQueue) return 'client';
    // It is not there, or is it as we want it? Refused: somebody declared it otherwise, before or in between.
    if (await this.accepts(connection, queue, (channel) => channel.assertQueue(queue, wanted))) {
      return this.kind === 'celery' ? 'client' : 'server';
    }
    this.log.info({ queue }, 'this queue was declared otherwise: taken over as it is');
    return 'client';
  }

  private exists(connection: ChannelModel, queue: string): Promise<boolean> {
    return onThrowawayChannel(connection, (channel) =>
      channel.checkQueue(queue).then(
        () => true,
        (error: unknown) => {
          if (replyCode(error) === 404) return false;
          throw replyCode(error) === undefined
            ? error
            : new RabbitRefusedError(`declare ${JSON.stringify(queue)}`, { cause: error });
        },
      ),
    );
  }

  /** `false`: it is there with other arguments, or we may not configure it though it is there. */
  private async accepts(
    connection: ChannelModel,
    queue: string,
    declare: (channel: Channel) => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await onThrowawayChannel(connection, declare);
      return true;
    } catch (error) {
      const code = replyCode(error);
      if (code === 406) return false;
      if (code === 403 && (await this.exists(connection, queue))) return false;
      throw code === undefined ? error : new RabbitRefusedError(`declare ${JSON.stringify(queue)}`, { cause: error });
    }
  }
}
