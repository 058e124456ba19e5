import { hasCode, Lifecycle, maskUrl, toError } from '@lovage/foundation';
import {
  BrokerUnavailableError,
  isDoneWithin,
  type Broker,
  type BrokerState,
  type CeleryConsole,
  type CeleryConsoleOptions,
  type CeleryLink,
  type CeleryLinkOptions,
  type Consumption,
  type ConsumeOptions,
  type DeclareOptions,
  type OutgoingMessage,
  type QueueDepth,
  type Reply,
  type ReplyInbox,
} from '@lovage/ports';
import { isConnectionError } from './connection/connection-errors.ts';
import { OnDemandConnection } from './connection/on-demand-connection.ts';
import { Consumer } from './consume/consumer.ts';
import { PostgresCeleryConsole } from './control/postgres-celery-console.ts';
import { PostgresCeleryLink } from './control/postgres-celery-link.ts';
import { compileOptions, type CompiledPostgresOptions, type PostgresBrokerOptions } from './options.ts';
import { BatchPublisher } from './publish/batch-publisher.ts';
import { Queues } from './queues/queues.ts';
import { NotifiedInbox } from './replies/notified-inbox.ts';
import { Replier } from './replies/replier.ts';
import { Channels } from './sessions/channels.ts';
import { Reaper } from './sessions/reaper.ts';
import { END_BACKEND } from './sessions/session-sql.ts';
import { SessionKeeper } from './sessions/session-keeper.ts';
import type { BrokerSession } from './sessions/broker-session.ts';
import { Upkeep } from './upkeep.ts';

/** For what is under way when the broker stops: taken together, within the 10 s that a process has for its end. */
const DRAIN_MS = 3000;
const GOODBYE_MS = 1000;
const RELEASE_MS = 1000;
/** A confirm means "on disk". Stricter settings of the server (a standby has it too) stay. */
const WAIT_FOR_DISK = `
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

/**
 * The embedded broker: queues in PostgreSQL, for any number of processes. Durable, at least once, like RabbitMQ behind the
 * same port; see `docs/brokers.md` for what it promises and what it needs.
 *
 * Connections of one process: the session (listens, takes, settles), and, each opened when first needed, one to publish,
 * one for replies, one for everything that may take its time.
 */
export class PostgresBroker implements Broker {
  readonly kind = 'postgres';
  readonly displayUrl: string;
  readonly deadLetterQueue: string;
  private readonly options: CompiledPostgresOptions;
  private readonly lifecycle: Lifecycle;
  private readonly connections: Record<'publish' | 'reply' | 'control', OnDemandConnection>;
  private readonly keeper: SessionKeeper;
  private readonly channels: Channels;
  private readonly queues: Queues;
  private readonly publisher: BatchPublisher;
  private readonly consumer: Consumer;
  private readonly replier: Replier;
  private readonly reaper: Reaper;
  private readonly upkeep: Upkeep;
  private inbox: NotifiedInbox | undefined;
  private stopping = false;

  /** @throws RangeError when an option makes no sense. */
  constructor(options: PostgresBrokerOptions) {
    this.options = compileOptions(options);
    const { url, log, applicationName, clock, maxMessageBytes, deadLetterQueue, deadLetterLimit } = this.options;
    // Parameters may hold secrets too.
    this.displayUrl = maskUrl(url).split('?', 1)[0]!;
    this.deadLetterQueue = deadLetterQueue;
    const target = { url, applicationName, clock };
    const isUp = (): boolean => !this.stopping && this.state === 'up';
    this.connections = {
      publish: new OnDemandConnection({ ...target, setUp: WAIT_FOR_DISK }),
      // Neither replies nor what is tidied up is worth waiting for the disk.
      reply: new OnDemandConnection({ ...target, setUp: 'set synchronous_commit = off' }),
      control: new OnDemandConnection(target),
    };
    this.channels = new Channels(log);
    this.queues = new Queues(this.connections.control);
    this.publisher = new BatchPublisher({ runner: this.connections.publish, isUp, maxMessageBytes });
    this.consumer = new Consumer({
      channels: this.channels,
      deadLetterQueue,
      deadLetterLimit,
      clock,
      log,
      onRemoved: (count) => this.upkeep.count(count),
    });
    this.replier = new Replier({ runner: this.connections.reply, isUp, maxReplyBytes: maxMessageBytes, log });
    this.reaper = new Reaper(this.connections.control, log);
    this.upkeep = new Upkeep({ target, runner: this.connections.control, queues: this.queues, clock, log });
    this.keeper = new SessionKeeper({
      ...target,
      log,
      beatMs: this.options.pollMs,
      silenceMs: this.options.silenceMs,
      prepare: (session, lost) => this.prepare(session, lost),
      onUp: (session) => this.consumer.attach(session),
      onDown: (silent) => this.onDown(silent),
      beat: (session) => this.beat(session),
    });
    this.lifecycle = new Lifecycle(
      () => this.begin(),
      () => this.end(),
    );
  }

  /** Undefined while the connection is away, and once it stops. */
  private get session(): BrokerSession | undefined {
    return this.stopping ? undefined : this.keeper.current;
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
    if (binding) throw new RangeError('on PostgreSQL a queue is bound to no exchange but that of its own name');
    await this.whileUp(() => this.queues.declare(queue));
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
      const inbox = new NotifiedInbox(this.connections.reply, onReply, this.options.log);
      this.inbox = inbox;
      const close = async (on: BrokerSession | undefined): Promise<void> => {
        if (this.inbox === inbox) this.inbox = undefined;
        await this.channels.remove(on, inbox.address, inbox.onPayload).catch(() => undefined);
      };
      try {
        await this.channels.add(session, inbox.address, inbox.onPayload);
      } catch (error) {
        await close(undefined);
        throw error;
      }
      return { address: inbox.address, close: () => close(this.keeper.current) };
    });
  }

  reply(address: string, reply: Reply): void {
    this.replier.send(address, reply);
  }

  async openCelery(options: CeleryLinkOptions): Promise<CeleryLink> {
    const link = new PostgresCeleryLink({
      ...{ ...options, channels: this.channels, session: () => this.session, log: this.options.log },
      reply: (address, reply) => this.replier.send(address, reply),
    });
    await link.start();
    return link;
  }

  openCeleryConsole(options: CeleryConsoleOptions): Promise<CeleryConsole> {
    return this.whileUp(async (session) => {
      const console = new PostgresCeleryConsole({
        ...{ ...options, channels: this.channels, session: () => this.session, log: this.options.log },
        runner: this.connections.reply,
      });
      try {
        await console.start(session);
      } catch (error) {
        await console.close();
        throw error;
      }
      return console;
    });
  }

  async depth(queue: string): Promise<QueueDepth> {
    return this.whileUp(async () => {
      // What the dead hold is waiting.
      if (await this.reaper.anyDead(this.connections.control)) await this.reaper.reap();
      return this.queues.depth(queue);
    });
  }

  unacked(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.whileUp(() => this.queues.taken(queues));
  }

  purge(queue: string): Promise<number> {
    return this.whileUp(() => this.queues.purge(queue));
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.whileUp(() => this.queues.delete(queue));
  }

  private async begin(): Promise<void> {
    try {
      await this.keeper.connect(this.options.connectTimeoutMs);
    } catch (error) {
      if (hasCode(error, 'broker_storage_too_new')) throw error;
      throw new BrokerUnavailableError(
        `the broker at ${this.displayUrl} cannot be reached: ${toError(error).message}; check BROKER_URL and that Postgres runs`,
        { cause: error },
      );
    }
  }

  private async end(): Promise<void> {
    const drained = Promise.all([this.consumer.close(), this.publisher.idle(), this.replier.idle()]);
    const inTime = await isDoneWithin(this.options.clock, DRAIN_MS, drained);
    const session = await this.keeper.stop();
    this.consumer.detach();
    await Promise.all([
      this.upkeep.stop(),
      session?.end(inTime, GOODBYE_MS),
      ...Object.values(this.connections).map((runner) => runner.close(GOODBYE_MS)),
    ]);
  }

  /** On a new connection, before anything else is done on it. */
  private async prepare(session: BrokerSession, lost: number | undefined): Promise<void> {
    await this.queues.redeclare(session);
    await this.channels.moveTo(session);
    await this.consumer.moveTo(session);
    // The server may not know yet that the lost connection is dead; nobody else could take what it holds until then.
    if (lost !== undefined) await session.run(END_BACKEND, [lost]);
    // What is requeued comes before anything newer; but a long queue, which is read whole for this, keeps nobody waiting.
    const requeued = Promise.all([
      lost === undefined ? undefined : this.reaper.release(lost),
      (await this.reaper.anyDead(session)) ? this.reaper.reap() : undefined,
    ]);
    await isDoneWithin(this.options.clock, RELEASE_MS, requeued);
  }

  private onDown(silent: boolean): void {
    this.consumer.detach();
    if (!silent) return;
    for (const runner of Object.values(this.connections)) runner.break(new Error('the server has gone silent'));
  }

  private async beat(session: BrokerSession): Promise<void> {
    this.consumer.poll();
    this.upkeep.run();
    // Only the question is the session's; the work takes as long as the queues are long.
    const [anyDead] = await Promise.all([this.reaper.anyDead(session), this.consumer.redeclare(session)]);
    if (anyDead) void this.reaper.reap();
  }

  /** @throws BrokerUnavailableError when there is no connection, or it breaks meanwhile. */
  private async whileUp<T>(work: (session: BrokerSession) => Promise<T>): Promise<T> {
    const { session } = this;
    if (!session) throw new BrokerUnavailableError('the broker (Postgres) is away: try again later');
    try {
      return await work(session);
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      throw new BrokerUnavailableError('the connection to the broker (Postgres) broke: try again later', {
        cause: error,
      });
    }
  }
}
