import { isUuid, Lifecycle, LovageError, maskUrl, toError } from '@lovage/foundation';
import {
  BrokerUnavailableError,
  InvalidQueueNameError,
  isDoneWithin,
  UnroutableError,
  type Broker,
  type BrokerState,
  type CeleryConsole,
  type CeleryConsoleOptions,
  type CeleryEventsListener,
  type CeleryEventsOptions,
  type CeleryLink,
  type CeleryLinkOptions,
  type ConsumeOptions,
  type Consumption,
  type DeclareOptions,
  type OutgoingMessage,
  type QueueDepth,
  type Reply,
  type ReplyInbox,
} from '@lovage/ports';
import { redisTargetOf } from '@lovage/redis-url';
import { RedisCeleryConsole } from './celery/redis-celery-console.ts';
import { RedisCeleryEvents } from './celery/redis-celery-events.ts';
import { RedisCeleryLink } from './celery/redis-celery-link.ts';
import { RedisChannels } from './connection/channels.ts';
import { isAnswer, isFull, isReplica } from './connection/redis-errors.ts';
import { RedisSessionKeeper } from './connection/session-keeper.ts';
import type { RedisSession } from './connection/session.ts';
import { RedisConsumer } from './consume/consumer.ts';
import { RedisSettler } from './consume/settler.ts';
import {
  bindingKey,
  bindingMember,
  checkDeclared,
  checkUsed,
  controlChannel,
  EPOCH,
  fanoutPrefix,
  listsOf,
  ourControlChannel,
  SESSIONS,
  UNACKED_INDEX,
  wakeChannel,
} from './keys.ts';
import { compileOptions, type CompiledRedisOptions, type RedisBrokerOptions } from './options.ts';
import { RedisPublisher } from './publish/batch-publisher.ts';
import { newAddress, readReply, replyChannel, sendReply } from './replies/replies.ts';

/** For what is under way when the broker stops. */
const DRAIN_MS = 2000;
const GOODBYE_MS = 1000;
/** A key that no program has. */
const NO_KEY = 'lovage.none';

/**
 * The broker port on Redis 6.2 or later, in kombu's keys and envelopes: Celery's producers and workers share its queues. See
 * `docs/brokers.md` for what it promises, and what each setting of Redis does.
 */
export class RedisBroker implements Broker {
  readonly kind = 'redis';
  readonly displayUrl: string;
  readonly deadLetterQueue: string;
  private readonly options: CompiledRedisOptions;
  private readonly db: number;
  private readonly lifecycle: Lifecycle;
  private readonly keeper: RedisSessionKeeper;
  private readonly channels: RedisChannels;
  private readonly settler: RedisSettler;
  private readonly consumer: RedisConsumer;
  private readonly publisher: RedisPublisher;
  private readonly declared = new Set<string>();
  private inbox: ReplyInbox | undefined;
  /** See {@link EPOCH}. */
  private epoch: string | undefined;
  private stopping = false;

  /** @throws RedisUrlError RangeError when an option makes no sense. */
  constructor(options: RedisBrokerOptions) {
    this.options = compileOptions(options);
    const { url, log, clock, applicationName, beatMs, silenceMs, renewAfterMs, pollMs, maxMessageBytes } = this.options;
    const { deadLetterQueue, deadLetterLimit } = this.options;
    this.displayUrl = maskUrl(url)
      .split(';')
      .map((one) => one.split('?', 1)[0]!)
      .join(';');
    this.deadLetterQueue = deadLetterQueue;
    const { redis, db } = redisTargetOf(url);
    this.db = db;
    const session = (): RedisSession | undefined => (this.stopping ? undefined : this.keeper.current);
    this.channels = new RedisChannels(log);
    this.settler = new RedisSettler({ db, deadLetterQueue, deadLetterLimit, clock, log });
    this.publisher = new RedisPublisher({
      db,
      session,
      full: () => this.keeper.full,
      onFull: (reason) => this.keeper.setFull(reason),
      maxMessageBytes,
      celeryQueues: new Set(this.options.celeryQueues),
    });
    this.consumer = new RedisConsumer({
      db,
      channels: this.channels,
      settler: this.settler,
      session: () => this.keeper.current,
      exists: async (queue) => (await this.countsOf(queue)) !== undefined,
      renewAfterMs,
      pollMs,
      clock,
      log,
    });
    this.keeper = new RedisSessionKeeper({
      redis,
      db,
      applicationName,
      clock,
      log,
      beatMs,
      silenceMs,
      prepare: (next, lost) => this.prepare(next, lost),
      onUp: (next) => this.consumer.attach(next),
      onDown: () => this.consumer.detach(),
      beat: (current) => this.beat(current),
      farewell: (current) =>
        current.commands.lovageEnd(1, SESSIONS, current.id, fanoutPrefix(db)).then(() => undefined),
    });
    this.lifecycle = new Lifecycle(
      () => this.begin(),
      () => this.end(),
    );
  }

  /** Undefined while the connection is away, and while the server is full. */
  private get roomy(): RedisSession | undefined {
    return this.stopping || this.keeper.full !== undefined ? undefined : this.keeper.current;
  }

  get state(): BrokerState {
    return this.keeper.state;
  }

  onStateChange(listener: (state: BrokerState) => void): () => void {
    return this.keeper.stateChanged.on((state) => {
      try {
        listener(state);
      } catch (error) {
        this.options.log.error({ err: toError(error) }, 'a listener of the broker state threw');
      }
    });
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  stop(): Promise<void> {
    this.stopping = true;
    this.keeper.giveUp();
    return this.lifecycle.stop();
  }

  async declare(queue: string, { binding }: DeclareOptions = {}): Promise<void> {
    if (binding) throw new RangeError('on Redis a queue is bound to no exchange but that of its own name');
    checkDeclared(queue);
    await this.whileUp(async ({ commands }) => {
      const { deadLetterQueue } = this;
      if ((await commands.lovageOurs(4, ...listsOf(queue))) !== 1)
        throw new InvalidQueueNameError(queue, 'is no key that another program keeps in this database of Redis');
      await Promise.all([queue, deadLetterQueue].map((name) => commands.sadd(bindingKey(name), bindingMember(name))));
      this.declared.add(queue);
    });
  }

  publish(message: OutgoingMessage): Promise<void> {
    return this.publisher.publish(message);
  }

  consume(queue: string, options: ConsumeOptions): Promise<Consumption> {
    return this.whileUp((session) => this.consumer.consume(session, queue, options));
  }

  async openReplies(onReply: (reply: Reply) => void): Promise<ReplyInbox> {
    return this.whileUp(async (session) => {
      if (this.inbox) throw new Error('the reply inbox of this process is open already: close it first');
      const address = newAddress();
      const channel = replyChannel(this.db, address);
      const onText = (text: string): void => {
        const reply = readReply(text);
        if (reply) onReply(reply);
      };
      const inbox: ReplyInbox = {
        address,
        close: async () => {
          if (this.inbox === inbox) this.inbox = undefined;
          await this.channels.remove(this.keeper.current, channel, onText).catch(() => undefined);
        },
      };
      this.inbox = inbox;
      try {
        await this.channels.add(session, channel, onText);
      } catch (error) {
        this.inbox = undefined;
        await this.channels.remove(undefined, channel, onText);
        throw error;
      }
      return inbox;
    });
  }

  reply(address: string, reply: Reply): void {
    const session = this.stopping ? undefined : this.keeper.current;
    if (!session || this.keeper.full !== undefined) return;
    sendReply(session, this.db, address, reply).catch((error: unknown) =>
      this.options.log.debug({ err: toError(error), ours: !isUuid(address) }, 'a reply was dropped'),
    );
  }

  async openCelery(options: CeleryLinkOptions): Promise<CeleryLink> {
    const link = new RedisCeleryLink({
      ...{ ...options, db: this.db, channels: this.channels, session: () => this.roomy },
    });
    await link.start();
    return link;
  }

  openCeleryConsole(options: CeleryConsoleOptions): Promise<CeleryConsole> {
    const { clock, log } = this.options;
    return this.whileUp(() =>
      Promise.resolve(new RedisCeleryConsole({ ...options, db: this.db, session: () => this.roomy, clock, log })),
    );
  }

  async listenToCelery(options: CeleryEventsOptions): Promise<CeleryEventsListener> {
    const { url, applicationName, log } = this.options;
    const { redis, db } = redisTargetOf(url);
    const listener = new RedisCeleryEvents({ ...options, redis, db, applicationName, log });
    await listener.start();
    return listener;
  }

  async depth(queue: string): Promise<QueueDepth> {
    checkUsed(queue);
    const counts = await this.whileUp(() => this.countsOf(queue));
    if (!counts) throw new UnroutableError(queue);
    const [consumers, high, normal, low, lowest] = counts as [number, number, number, number, number];
    const levels = { high, low: low + lowest };
    return {
      ready: high + normal + low + lowest,
      consumers,
      ...(levels.high + levels.low > 0 && { levels }),
    };
  }

  async unacked(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const answer = (await this.whileUp(({ commands }) => commands.lovageHeld(0))) as (string | number)[];
    const held = new Map<string, number>();
    for (let at = 0; at < answer.length; at += 2) held.set(String(answer[at]), Number(answer[at + 1]));
    return new Map(queues.flatMap((queue) => (held.has(queue) ? [[queue, held.get(queue)!] as const] : [])));
  }

  async purge(queue: string): Promise<number> {
    checkUsed(queue);
    const count = Number(
      await this.whileUp(({ commands }) => commands.lovagePurge(5, bindingKey(queue), ...listsOf(queue))),
    );
    if (count < 0) throw new UnroutableError(queue);
    return count;
  }

  async deleteQueue(queue: string): Promise<void> {
    this.declared.delete(queue);
    this.publisher.forget(queue);
    try {
      checkUsed(queue);
    } catch {
      return;
    }
    await this.whileUp(({ commands }) =>
      commands.lovageDelete(5, ...[bindingKey(queue), ...listsOf(queue)], bindingMember(queue)),
    );
  }

  /** Consumers and lengths of the four lists; undefined: no such queue. */
  private async countsOf(queue: string): Promise<readonly number[] | undefined> {
    const session = this.keeper.current;
    if (!session) throw new BrokerUnavailableError('the broker (Redis) is away: try again later');
    const answer = await session.commands.lovageDepth(
      5,
      ...[bindingKey(queue), ...listsOf(queue)],
      ...[wakeChannel(this.db, queue), controlChannel(this.db), ourControlChannel(this.db)],
    );
    return answer === null ? undefined : (answer as number[]);
  }

  private async begin(): Promise<void> {
    try {
      await this.keeper.connect(this.options.connectTimeoutMs);
    } catch (error) {
      throw new BrokerUnavailableError(
        `the broker at ${this.displayUrl} cannot be reached: ${toError(error).message}; check BROKER_URL and that Redis runs`,
        { cause: error },
      );
    }
  }

  private async end(): Promise<void> {
    const drained = Promise.all([this.consumer.close(), this.publisher.idle()]);
    await isDoneWithin(this.options.clock, DRAIN_MS, drained);
    await this.keeper.stop(GOODBYE_MS);
    this.consumer.detach();
  }

  /** On a new session, before anything else is done on it: queues, then who listens to what. */
  private async prepare(session: RedisSession, lost: string | undefined): Promise<void> {
    const queues = [...this.declared];
    const epoch = await session.commands.lovageBegin(
      queues.length + 2,
      ...[SESSIONS, EPOCH, ...queues.map(bindingKey)],
      ...[session.id, fanoutPrefix(this.db), lost ?? '', ...queues.map(bindingMember)],
    );
    // Who serves them declares them again, but submits are not to be refused until then.
    if (this.epoch !== undefined && this.epoch !== epoch)
      await Promise.all(
        [...this.publisher.used].map((queue) => session.commands.sadd(bindingKey(queue), bindingMember(queue))),
      );
    this.epoch = String(epoch);
    await this.channels.moveTo(session);
  }

  private async beat(session: RedisSession): Promise<void> {
    const { queues } = this.consumer;
    const [known, full] = await Promise.all([
      session.commands.lovageBeat(
        queues.length + 2,
        ...[SESSIONS, UNACKED_INDEX, ...queues.map(bindingKey)],
        ...[session.id, fanoutPrefix(this.db), this.options.beatMs, queues.length, ...queues.map(bindingMember)],
        ...this.consumer.toRenew(),
      ),
      (this.options.askFull ?? (() => askFull(session)))(),
    ]);
    if (known === 0) session.end(new Error('Redis has forgotten this session'));
    this.keeper.setFull(full);
  }

  /** @throws BrokerUnavailableError when there is no connection, or it breaks meanwhile. */
  private async whileUp<T>(work: (session: RedisSession) => Promise<T>): Promise<T> {
    const session = this.stopping ? undefined : this.keeper.current;
    if (!session) throw new BrokerUnavailableError('the broker (Redis) is away: try again later');
    try {
      return await work(session);
    } catch (error) {
      if (isReplica(error)) session.end(toError(error));
      if (isAnswer(error))
        throw new BrokerUnavailableError(`Redis refused: ${toError(error).message}`, { cause: error });
      if (session.alive || error instanceof LovageError) throw error;
      throw new BrokerUnavailableError('the connection to the broker (Redis) broke: try again later', { cause: error });
    }
  }
}

/** A write that may take memory and changes nothing: a full server refuses it. */
async function askFull({ commands }: RedisSession): Promise<string | undefined> {
  try {
    await commands.lpushx(NO_KEY, '');
    return undefined;
  } catch (error) {
    if (isFull(error)) return toError(error).message;
    throw error;
  }
}
