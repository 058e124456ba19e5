import type { Channel, ChannelModel, Options } from 'amqplib';
import { UnroutableError, type DeclareOptions, type Log, type PriorityLevel } from '@lovage/ports';
import { onThrowawayChannel, replyCode } from '../connection/throwaway.ts';
import { RabbitRefusedError } from '../refused-error.ts';
import { checkQueueName, hasRoomForLevels, isUsersQueue, levelQueue, OTHER_LEVELS } from './level-queues.ts';
import { bindDelayed, declareDelays, isRefusal, type DelayQueues } from './delayed-delivery.ts';
import { DEAD_LETTER_QUEUE, queueOptions, type QueueKind } from './queue-arguments.ts';

/**
 * Who moves a refused message to the dead letters: the `server`, for a queue with our arguments; the `client`, for one without
 * (Celery's), or with arguments of somebody else, which AMQP does not tell.
 */
export type DeadLettering = 'server' | 'client';

interface KnownQueue {
  readonly deadLettering: DeadLettering;
  /** It is ours, and has its levels. Undefined: to be found out again. */
  readonly levels: boolean | undefined;
}

/** Queues as they have to be, remembered so that they can be made again on a new connection. */
export class Topology {
  private readonly known = new Map<string, KnownQueue>();
  /** Whether queues that were not declared here have levels, as found on this connection. */
  private readonly seen = new Map<string, boolean>();
  private readonly preparedDelays = new WeakSet<ChannelModel>();
  /** Queues of kind `celery`, whatever `kind` says. */
  private readonly celeryQueues: Set<string>;
  private readonly preparedDeadLetters = new WeakMap<ChannelModel, Promise<void>>();

  constructor(
    private readonly kind: QueueKind,
    /** Name of the exchange and of the queue of the dead letters. */
    private readonly deadLetterQueue: string,
    private readonly log: Log,
    celeryQueues: ReadonlySet<string> = new Set(),
    /** In which messages of Celery's producers wait that are delayed; undefined: other programs make them, if any. */
    private readonly delayQueues?: DelayQueues,
  ) {
    this.celeryQueues = new Set(celeryQueues);
  }

  /**
   * Makes sure that the queue is there, with its levels where it is ours, and remembers it.
   * @throws InvalidQueueNameError
   * @throws RabbitRefusedError
   */
  async declare(connection: ChannelModel, queue: string, options: DeclareOptions = {}): Promise<DeadLettering> {
    checkQueueName(queue);
    const { celery, binding } = options;
    // One that is there is what it is, also when it is ours.
    if (celery && !this.known.has(queue) && !(await this.exists(connection, queue))) this.celeryQueues.add(queue);
    // Asked for by name: by a caller that found that it is gone, perhaps.
    if (queue === this.deadLetterQueue && !(await this.exists(connection, queue))) this.missDeadLetters(connection);
    await this.deadLetters(connection);
    // Behind the dead letters there is nothing: what is refused there is dropped.
    const deadLettering = queue === this.deadLetterQueue ? 'server' : await this.ensure(connection, queue);
    const levels = deadLettering === 'server' && (await this.makeLevels(connection, queue));
    this.known.set(queue, { deadLettering, levels });
    if (queue !== this.deadLetterQueue) await this.takeDelayed(connection, queue);
    if (binding) await this.bind(connection, queue, binding);
    return deadLettering;
  }

  /** One level of a queue of ours. @throws RabbitRefusedError */
  async declareLevel(connection: ChannelModel, queue: string, level: PriorityLevel): Promise<DeadLettering> {
    const name = levelQueue(queue, level);
    return (await this.accepts(connection, name, (channel) => channel.assertQueue(name, this.wanted(queue))))
      ? 'server'
      : 'client';
  }

  /** Whether a queue declared here is known to have levels. */
  hasKnownLevels(queue: string): boolean {
    return this.known.get(queue)?.levels ?? false;
  }

  /**
   * The same of any queue: one that was not declared here is looked at, once a connection. It is ours when it has our arguments;
   * its levels are made then, since its workers consume them too.
   */
  async hasLevels(connection: ChannelModel, queue: string): Promise<boolean> {
    const known = this.known.get(queue)?.levels ?? this.seen.get(queue);
    if (known !== undefined) return known;
    if (this.kindOf(queue) === 'celery' || !(await this.exists(connection, queue))) return false;
    const ours = await this.accepts(connection, queue, (channel) => channel.assertQueue(queue, this.wanted(queue)));
    const levels = ours && (await this.makeLevels(connection, queue));
    this.note(queue, levels);
    return levels;
  }

  /** A level was found missing: it is made again when it is asked for next, if its queue is there. */
  missLevels(queue: string): void {
    this.note(queue, undefined);
  }

  /** All that was declared, once more. A queue that fails is logged and does not keep the others from it. */
  async replay(connection: ChannelModel): Promise<void> {
    this.seen.clear();
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
    if (this.known.has(queue) || (isUsersQueue(queue) && (await this.exists(connection, queue)))) return;
    throw new UnroutableError(queue);
  }

  forget(queue: string): void {
    this.known.delete(queue);
    this.seen.delete(queue);
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

  /** What Celery's producers of 5.5 and later delay comes here, too. Without the permission for it, the queue works all the same. */
  private async takeDelayed(connection: ChannelModel, queue: string): Promise<void> {
    try {
      if (this.delayQueues && !this.preparedDelays.has(connection)) {
        this.preparedDelays.add(connection);
        await declareDelays(connection, this.delayQueues);
      }
      await bindDelayed(connection, queue);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.log.debug({ err: error, queue }, 'messages that Celery delays in RabbitMQ do not come to this queue');
    }
  }

  /** An exchange that is there is taken as it is, whatever its type. */
  private async bind(
    connection: ChannelModel,
    queue: string,
    { exchange, type, routingKey }: NonNullable<DeclareOptions['binding']>,
  ): Promise<void> {
    await this.accepts(connection, queue, (channel) => channel.assertExchange(exchange, type, { durable: true }));
    await this.accepts(connection, queue, (channel) => channel.bindQueue(queue, exchange, routingKey));
  }

  private wanted(queue: string): Options.AssertQueue {
    return queueOptions(this.kindOf(queue), this.deadLetterQueue);
  }

  private kindOf(queue: string): QueueKind {
    return this.celeryQueues.has(queue) ? 'celery' : this.kind;
  }

  private note(queue: string, levels: boolean | undefined): void {
    const known = this.known.get(queue);
    if (known) this.known.set(queue, { ...known, levels });
    else if (levels === undefined) this.seen.delete(queue);
    else this.seen.set(queue, levels);
  }

  /** Of a queue of ours. `false`: they are not there, and we may not make them. */
  private async makeLevels(connection: ChannelModel, queue: string): Promise<boolean> {
    if (queue === this.deadLetterQueue || !hasRoomForLevels(queue)) return false;
    try {
      await Promise.all(OTHER_LEVELS.map((level) => this.declareLevel(connection, queue, level)));
      return true;
    } catch (error) {
      if (!(error instanceof RabbitRefusedError)) throw error;
      this.log.warn({ err: error, queue }, 'the queues of its priorities could not be made: it goes on without');
      return false;
    }
  }

  private async ensure(connection: ChannelModel, queue: string, wanted = this.wanted(queue)): Promise<DeadLettering> {
    const kind = this.kindOf(queue);
    const known = this.known.get(queue)?.deadLettering;
    const exists = await this.exists(connection, queue);
    if (exists && known) return known;
    if (exists && kind === 'celery' && queue !== this.deadLetterQueue) return 'client';
    // It is not there, or is it as we want it? Refused: somebody declared it otherwise, before or in between.
    if (await this.accepts(connection, queue, (channel) => channel.assertQueue(queue, wanted))) {
      return kind === 'celery' ? 'client' : 'server';
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
