import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Signal, toError } from '@lovage/foundation';
import { within, type Clock } from '@lovage/ports';
import { Redis, type RedisOptions } from 'ioredis';
import { sessionPrefix } from '../keys.ts';
import { withScripts, type ScriptedRedis } from '../scripts.ts';

export interface SessionTarget {
  readonly redis: RedisOptions;
  readonly db: number;
  readonly applicationName: string;
  readonly clock: Clock;
}

/**
 * Two connections that live and die together, one for commands and one that listens, and the name under which their process holds
 * messages. It never reconnects: another session follows it, so that nothing of the old one is taken for the new one's.
 */
export class RedisSession {
  readonly id = randomUUID().replaceAll('-', '');
  readonly ended = new Signal<Error>();
  /** A text on a channel that this session listens to. */
  readonly heard = new Signal<{ readonly channel: string; readonly text: string }>();
  private gone = false;

  private constructor(
    readonly commands: ScriptedRedis,
    readonly subscriber: Redis,
  ) {}

  /** @throws Error what ioredis says, or that nobody answered within the time. */
  static async open({ redis, db, applicationName, clock }: SessionTarget, timeoutMs: number): Promise<RedisSession> {
    // What went wrong first: the other connection may fail because of it.
    let first: Error | undefined;
    const make = (name: string): Redis => {
      const client = new Redis({
        ...redis,
        lazyConnect: true,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        autoResubscribe: false,
        maxRetriesPerRequest: 0,
        retryStrategy: () => null,
        sentinelRetryStrategy: () => null,
        connectTimeout: timeoutMs,
        connectionName: `${applicationName} ${name}`.replaceAll(/[^\x21-\x7e]/g, '-'),
        noDelay: true,
        keepAlive: 10_000,
      });
      client.on('error', (error: unknown) => (first ??= toError(error)));
      return client;
    };
    const session = new RedisSession(withScripts(make('commands')), make('listen'));
    const { commands, subscriber } = session;
    const open = async (): Promise<void> => {
      await Promise.all([connect(commands), connect(subscriber)]);
      subscriber.on('message', (channel, text) => session.heard.emit({ channel, text }));
      await subscriber.subscribe(sessionPrefix(db) + session.id);
    };
    const late = (): Error => new Error(`no answer within ${timeoutMs} ms${first ? `: ${first.message}` : ''}`);
    try {
      await within(clock, timeoutMs, open(), late);
    } catch (error) {
      session.end(toError(error));
      throw first ?? error;
    }
    for (const client of [commands, subscriber])
      client.on('end', () => session.end(first ?? new Error('the connection was closed')));
    if (commands.status !== 'ready' || subscriber.status !== 'ready')
      session.end(first ?? new Error('it closed at once'));
    return session;
  }

  get alive(): boolean {
    return !this.gone;
  }

  /** Closes both connections. What is under way is rejected. */
  end(reason: Error): void {
    if (this.gone) return;
    this.gone = true;
    for (const client of [this.commands, this.subscriber]) {
      const { stream, status } = client as Redis & { readonly stream?: Duplex };
      client.disconnect();
      // Or it would wait for the end of a handshake that nobody is interested in any more.
      if (status === 'connecting') stream?.destroy();
    }
    this.ended.emit(reason);
  }
}

async function connect(client: Redis): Promise<void> {
  await client.connect();
}
