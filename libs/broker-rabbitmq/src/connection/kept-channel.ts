import type { Channel, ChannelModel } from 'amqplib';
import { backoffDelayMs, type BackoffPolicy } from '@lovage/foundation';
import type { Clock, Log } from '@lovage/ports';
import { closeChannel } from './close-channel.ts';
import type { Link } from './link.ts';

const REOPEN: BackoffPolicy = { kind: 'exponential', delayMs: 50, maxDelayMs: 5000, jitter: true };
/** A channel that lived so long, ms, did not die of what it was opened for: counting of failures begins anew. */
const SETTLED_MS = 10_000;
/** Until a server that does not confirm the close of a channel is given up, ms. */
const GOODBYE_MS = 5000;
/** Until a server on whose connection no channel can be opened and set up is given up, ms. */
const OPEN_MS = 30_000;

export interface KeptChannelOptions<C extends Channel> {
  /** For the log. */
  readonly purpose: string;
  readonly link: Link;
  readonly log: Log;
  readonly clock: Clock;
  open(connection: ChannelModel): Promise<C>;
  /** Makes it ready for use. A rejection closes it. */
  setUp(channel: C, connection: ChannelModel): Promise<void>;
  /** It closed, by whatever cause, after `setUp` was called. Default: nobody has to know. */
  lost?(channel: C): void;
}

/**
 * One channel, kept open: opened anew when its connection comes back, and when the channel alone died of an error
 * (a wrong ack, a consumer timeout), which leaves all other channels as they are.
 */
export class KeptChannel<C extends Channel> {
  private channel: C | undefined;
  private opening: ChannelModel | undefined;
  private failures = 0;
  private closed = false;
  private cancelRetry: () => void = () => undefined;
  private readonly subscriptions: (() => void)[] = [];

  constructor(private readonly options: KeptChannelOptions<C>) {}

  /** The channel, while it is open and set up. */
  get current(): C | undefined {
    return this.channel;
  }

  /** Opens it, on this connection; a rejection is the caller's to deal with. */
  async open(connection: ChannelModel): Promise<void> {
    this.opening = connection;
    const { clock, link, log, purpose } = this.options;
    const cancelTimer = clock.after(OPEN_MS, () => {
      if (link.connection !== connection) return;
      log.warn({ channel: purpose }, 'RabbitMQ does not open a channel: connecting again');
      link.drop();
    });
    try {
      await this.openOn(connection);
    } finally {
      cancelTimer();
      if (this.opening === connection) this.opening = undefined;
    }
  }

  /** Opens it now, where there is a connection, and keeps it. Rejects when the server refuses; it is tried again all the same. */
  async start(connection: ChannelModel | undefined): Promise<void> {
    try {
      if (connection) await this.open(connection);
    } finally {
      this.keep();
    }
  }

  /** From here on it is opened whenever its connection is up and it is not there. */
  keep(): void {
    const { link } = this.options;
    this.subscriptions.push(
      link.up.on((connection) => {
        this.failures = 0;
        this.reopen(connection);
      }),
      link.down.on(() => this.cancelRetry()),
    );
    if (link.connection) this.reopen(link.connection);
  }

  /** Not opened again from here on; what is open stays. */
  retire(): void {
    this.closed = true;
    this.cancelRetry();
    for (const unsubscribe of this.subscriptions.splice(0)) unsubscribe();
  }

  async close(): Promise<void> {
    this.retire();
    if (this.channel) await closeChannel(this.channel);
  }

  /**
   * Closes the present channel; a new one follows. A server that does not answer the goodbye within a while loses the whole
   * connection: on it nothing could be opened either.
   */
  renew(): void {
    const { channel } = this;
    if (!channel) return;
    const { clock, link, log, purpose } = this.options;
    const cancelTimer = clock.after(GOODBYE_MS, () => {
      if (this.channel !== channel) return;
      log.warn({ channel: purpose }, 'RabbitMQ does not answer on a channel: connecting again');
      link.drop();
    });
    void closeChannel(channel).then(cancelTimer);
  }

  private async openOn(connection: ChannelModel): Promise<void> {
    const { options } = this;
    const channel = await options.open(connection);
    const openedAt = options.clock.monotonic();
    let alive = true;
    channel.on('error', (error: Error) => {
      options.log.warn({ err: error, channel: options.purpose }, 'RabbitMQ closed a channel');
    });
    channel.on('close', () => {
      alive = false;
      options.lost?.(channel);
      if (this.channel !== channel) return;
      this.channel = undefined;
      if (options.clock.monotonic() - openedAt > SETTLED_MS) this.failures = 0;
      this.retry(connection);
    });
    try {
      await options.setUp(channel, connection);
    } catch (error) {
      if (alive) await closeChannel(channel);
      throw error;
    }
    if (!alive) throw new Error(`the channel of ${options.purpose} closed while it was set up`);
    if (this.closed) {
      await closeChannel(channel);
      return;
    }
    this.channel = channel;
  }

  private reopen(connection: ChannelModel): void {
    if (this.closed || this.channel || this.opening === connection) return;
    this.open(connection).then(
      () => undefined,
      (error: unknown) => {
        if (this.closed || this.options.link.connection !== connection) return;
        this.options.log.warn({ err: error, channel: this.options.purpose }, 'a RabbitMQ channel could not be opened');
        this.retry(connection);
      },
    );
  }

  private retry(connection: ChannelModel): void {
    if (this.closed || this.options.link.connection !== connection) return;
    this.failures += 1;
    this.cancelRetry();
    this.cancelRetry = this.options.clock.after(backoffDelayMs(REOPEN, this.failures), () => {
      if (this.options.link.connection === connection) this.reopen(connection);
    });
  }
}
