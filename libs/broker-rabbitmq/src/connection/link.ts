import { once } from 'node:events';
import { AmqpConnectionManagerClass, type AmqpConnectionManagerOptions } from 'amqp-connection-manager';
import type { ChannelModel } from 'amqplib';
import { deferred, maskUrl, Signal, toError } from '@lovage/foundation';
import { BrokerUnavailableError, within, type Clock, type Log } from '@lovage/ports';

/** One attempt to connect may take this long, ms; a server that accepts and says nothing is given up then. */
const ATTEMPT_MS = 5000;
/**
 * The preparation of a connection may take this long, ms, before it counts as up all the same: one queue without a leader can
 * leave a question open for long, and must not keep all others from being served.
 */
const PREPARE_MS = 5000;
/** Between two attempts, seconds: half a second, and up to as much again so that a fleet does not come back in step. */
const reconnectSeconds = (): number => 0.5 + Math.random() * 0.5;

export interface LinkOptions {
  readonly url: string;
  /** Shown by the server. */
  readonly name: string;
  readonly connectTimeoutMs: number;
  readonly heartbeatSeconds: number;
  readonly log: Log;
  readonly clock: Clock;
  /** What has to be there before the link counts as up. A rejection is logged, the link comes up all the same. */
  prepare?(connection: ChannelModel): Promise<void>;
}

/**
 * One connection to RabbitMQ, kept. `amqp-connection-manager` connects and connects again; channels are made by what
 * listens to {@link up}, on the raw connection. Nothing is buffered while it is away.
 */
export class Link {
  /** Connected and prepared. */
  readonly up = new Signal<ChannelModel>();
  /** It was up and is gone. */
  readonly down = new Signal();
  /** The server reads no more from this connection, with its reason; {@link unblocked} follows, at the latest with the connection's end. */
  readonly blocked = new Signal<string>();
  readonly unblocked = new Signal();

  private readonly manager: AmqpConnectionManagerClass;
  /** Destroys the socket of the latest connection or attempt, where that does not end otherwise. */
  private abort = new AbortController();
  private readonly gaveUp = deferred<never>();
  private raw: ChannelModel | undefined;
  private ready: ChannelModel | undefined;
  private isBlocked = false;
  private attempting = false;
  private lastFailure: Error | undefined;
  private stopping = false;

  constructor(private readonly options: LinkOptions) {
    this.gaveUp.promise.catch(() => undefined);
    this.manager = new AmqpConnectionManagerClass(undefined, {
      heartbeatIntervalInSeconds: options.heartbeatSeconds,
      reconnectTimeInSeconds: reconnectSeconds(),
      // Asked at the beginning of each attempt: the one way to know that one is under way.
      findServers: () => {
        if (this.stopping) return Promise.reject(new Error('the broker connection was stopped'));
        this.attempting = true;
        // One for each socket: Node takes its listeners off a signal only when that fires.
        this.abort = new AbortController();
        const connectionOptions = {
          noDelay: true,
          keepAlive: true,
          timeout: Math.min(ATTEMPT_MS, options.connectTimeoutMs),
          clientProperties: { connection_name: options.name },
          signal: this.abort.signal,
        } as unknown as AmqpConnectionManagerOptions['connectionOptions'];
        return Promise.resolve({ url: options.url, connectionOptions });
      },
    });
    this.manager.on('error', (error: Error) => options.log.error({ err: error }, 'RabbitMQ connection manager failed'));
    this.manager.on('connect', ({ connection }) => void this.connected(connection as unknown as ChannelModel));
    this.manager.on('connectFailed', ({ err }) => this.failed(err));
    this.manager.on('disconnect', ({ err }) => this.disconnected(err));
    this.manager.on('blocked', ({ reason }) => {
      this.isBlocked = true;
      this.blocked.emit(reason);
    });
    this.manager.on('unblocked', () => this.unblock());
  }

  /** The connection, while it is up. */
  get connection(): ChannelModel | undefined {
    return this.ready;
  }

  /** @throws BrokerUnavailableError not up within the time to connect, refused, or {@link giveUp} was called. */
  async start(): Promise<void> {
    const { url, connectTimeoutMs, clock } = this.options;
    const first = this.up.next();
    const refused = deferred<never>();
    const onFailed = ({ err }: { err: Error }): void => {
      // Trying again does not make a password right or a vhost exist.
      if (/\((ACCESS-REFUSED|NOT-ALLOWED)\)/.test(err.message))
        refused.reject(this.unavailable('with these credentials and vhost'));
    };
    this.manager.on('connectFailed', onFailed);
    this.attempting = true;
    this.manager.connect().catch(() => undefined);
    try {
      const decided = Promise.race([first, refused.promise, this.gaveUp.promise]);
      await within(clock, connectTimeoutMs, decided, () => this.unavailable(`within ${connectTimeoutMs} ms`));
      this.options.log.debug({ url: maskUrl(url) }, 'connected to RabbitMQ');
    } finally {
      this.manager.removeListener('connectFailed', onFailed);
    }
  }

  /** A start under way fails now. */
  giveUp(): void {
    this.stopping = true;
    this.gaveUp.reject(new BrokerUnavailableError('the broker connection was stopped'));
  }

  /** Breaks the connection, which is found to be of no use; another one follows. */
  drop(): void {
    this.abort.abort();
  }

  /** Closes the connection, politely for at most `patienceMs`, then by force. */
  async stop(patienceMs: number): Promise<void> {
    this.giveUp();
    const patience = deferred();
    const cancelTimer = this.options.clock.after(patienceMs, patience.resolve);
    if (!this.raw && this.attempting) {
      const over = Promise.race([once(this.manager, 'connectFailed'), once(this.manager, 'connect')]);
      // An attempt that has been decided on must have its socket by now: one made with a signal that is already aborted
      // connects all the same, and amqplib would keep it, heartbeat and all, for nobody.
      await new Promise((resolve) => setImmediate(resolve));
      this.abort.abort();
      await Promise.race([over.catch(() => undefined), patience.promise]);
      // The manager schedules its next attempt right after that event; close, below, can cancel it then.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.race([this.manager.close().catch(() => undefined), patience.promise]);
    cancelTimer();
    // A silent server never answers the close: amqplib would wait for it for ever.
    this.abort.abort();
    this.lost();
  }

  private async connected(connection: ChannelModel): Promise<void> {
    this.attempting = false;
    this.lastFailure = undefined;
    this.raw = connection;
    const { prepare, clock } = this.options;
    try {
      if (prepare) await within(clock, PREPARE_MS, prepare(connection), () => new Error(`not within ${PREPARE_MS} ms`));
    } catch (error) {
      if (this.raw === connection)
        this.options.log.warn({ err: error }, 'not everything could be prepared on RabbitMQ');
    }
    if (this.raw !== connection || this.stopping) return;
    this.ready = connection;
    this.up.emit(connection);
  }

  private failed(error: Error): void {
    this.attempting = false;
    const again = this.lastFailure !== undefined && kindOf(this.lastFailure) === kindOf(error);
    this.lastFailure = error;
    if (!again && !this.stopping) {
      this.options.log.warn(
        { err: error, connection: this.options.name, url: maskUrl(this.options.url) },
        'RabbitMQ cannot be reached; trying again',
      );
    }
  }

  private disconnected(error: Error | undefined): void {
    if (!this.stopping)
      this.options.log.warn({ err: error, connection: this.options.name }, 'connection to RabbitMQ lost');
    this.lost();
  }

  private lost(): void {
    this.raw = undefined;
    const wasUp = this.ready !== undefined;
    this.ready = undefined;
    if (wasUp) this.down.emit();
    this.unblock();
  }

  private unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.unblocked.emit();
  }

  private unavailable(how: string): BrokerUnavailableError {
    const cause = this.lastFailure && toError(this.lastFailure);
    // All that amqplib tells when the server refuses the vhost.
    const vhost = cause?.message.includes('Expected ConnectionOpenOk') ? ', or create its vhost' : '';
    return new BrokerUnavailableError(
      `RabbitMQ at ${maskUrl(this.options.url)} did not accept a connection ${how}` +
        `${cause ? ` (${cause.message})` : ''}: start it${vhost}, or correct the broker URL`,
      { cause },
    );
  }
}

/** Two failures of one kind are told once: the text of a system error may differ from one attempt to the next. */
function kindOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
}
