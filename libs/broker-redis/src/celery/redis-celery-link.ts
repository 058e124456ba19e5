import type { CeleryLink, CeleryLinkOptions } from '@lovage/ports';
import type { RedisChannels } from '../connection/channels.ts';
import type { RedisSession } from '../connection/session.ts';
import { bindingKey, controlChannel, fanoutPrefix, ourControlChannel } from '../keys.ts';
import { readEnvelope, writeEnvelope } from '../wire/envelope.ts';
import { EVENTS, REPLIES } from './exchanges.ts';

/** As Celery's clients declare their queue of answers, seconds. */
const REPLY_SECONDS = 300;
/** Events and answers that may wait for the server. Beyond, they are dropped. */
const MAX_WAITING = 4096;

export interface RedisCeleryLinkOptions extends CeleryLinkOptions {
  readonly db: number;
  readonly channels: RedisChannels;
  /** Undefined while the connection is away. */
  readonly session: () => RedisSession | undefined;
}

/** Celery's events and remote control as kombu does them on Redis: both are channels, and answers are lists. */
export class RedisCeleryLink implements CeleryLink {
  private waiting = 0;
  private closed = false;

  constructor(private readonly options: RedisCeleryLinkOptions) {}

  async start(): Promise<void> {
    const { session, channels, onControl } = this.options;
    if (!onControl) return;
    // One after the other: who of ours is heard is never taken for a worker of Celery.
    await channels.add(session(), ourControlChannel(this.options.db), this.onRequest).catch(() => undefined);
    await channels.add(session(), controlChannel(this.options.db), this.onRequest).catch(() => undefined);
  }

  publishEvent(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
    return this.send((session) => this.event(session, routingKey, body, headers));
  }

  async isHeard(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): Promise<boolean> {
    const session = this.closed ? undefined : this.options.session();
    if (!session) return false;
    try {
      return (await this.event(session, routingKey, body, headers)) > 0;
    } catch {
      return false;
    }
  }

  reply(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
    const text = this.envelope(REPLIES, routingKey, body, headers);
    return this.send((session) =>
      session.commands.lovageRoute(1, bindingKey(REPLIES), routingKey, text, REPLY_SECONDS),
    );
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { channels, session } = this.options;
    await channels.remove(session(), controlChannel(this.options.db), this.onRequest).catch(() => undefined);
    await channels.remove(session(), ourControlChannel(this.options.db), this.onRequest).catch(() => undefined);
  }

  private readonly onRequest = (text: string): void => {
    const { body, headers, contentType } = readEnvelope(text);
    this.options.onControl?.({ body, headers, contentType });
  };

  private event(
    session: RedisSession,
    routingKey: string,
    body: Buffer,
    headers: Readonly<Record<string, unknown>>,
  ): Promise<number> {
    const channel = `${fanoutPrefix(this.options.db)}${EVENTS}/${routingKey}`;
    return session.commands.publish(channel, this.envelope(EVENTS, routingKey, body, headers));
  }

  private envelope(
    exchange: string,
    routingKey: string,
    body: Buffer,
    headers: Readonly<Record<string, unknown>>,
  ): string {
    return writeEnvelope(exchange, routingKey, {
      body,
      headers,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
    });
  }

  private send(how: (session: RedisSession) => Promise<unknown>): boolean {
    const session = this.closed ? undefined : this.options.session();
    if (!session || this.waiting >= MAX_WAITING) return false;
    this.waiting += 1;
    how(session)
      .catch(() => undefined)
      .finally(() => (this.waiting -= 1));
    return true;
  }
}
