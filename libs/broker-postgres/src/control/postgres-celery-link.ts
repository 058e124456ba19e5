import { toError } from '@lovage/foundation';
import type { CeleryLink, CeleryLinkOptions, Log, Reply } from '@lovage/ports';
import { readPayload } from '../replies/reply-payload.ts';
import type { BrokerSession } from '../sessions/broker-session.ts';
import type { Channels } from '../sessions/channels.ts';
import { CONTROL_CHANNEL, readControl, writeControl } from './control-wire.ts';

export interface PostgresCeleryLinkOptions extends CeleryLinkOptions {
  readonly channels: Channels;
  /** Undefined while the connection is away. */
  readonly session: () => BrokerSession | undefined;
  /** @returns false: dropped. */
  readonly reply: (address: string, reply: Reply) => boolean;
  readonly log: Log;
}

/**
 * The remote control of this platform's own workers: a request is a notification that each of them gets, an answer is a reply. Celery's
 * tools do not speak to PostgreSQL, so nobody hears events.
 */
export class PostgresCeleryLink implements CeleryLink {
  private closed = false;

  constructor(private readonly options: PostgresCeleryLinkOptions) {}

  /** Never rejects: what is not listened to now is, with the next session. */
  async start(): Promise<void> {
    const { session, channels, onControl, log } = this.options;
    if (!onControl) return;
    await channels
      .add(session(), CONTROL_CHANNEL, this.onPayload)
      .catch((error: unknown) =>
        log.debug({ err: toError(error) }, 'the remote control is opened with the next session'),
      );
  }

  publishEvent(): boolean {
    return true;
  }

  isHeard(): Promise<boolean> {
    return Promise.resolve(false);
  }

  reply(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
    if (this.closed) return false;
    return this.options.reply(routingKey, { correlationId: '', body: writeControl(body, headers) });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { session, channels } = this.options;
    await channels.remove(session(), CONTROL_CHANNEL, this.onPayload).catch(() => undefined);
  }

  private readonly onPayload = (payload: string): void => {
    const read = readPayload(payload);
    const message = read && 'body' in read ? readControl(read.body) : undefined;
    if (message) this.options.onControl?.(message);
  };
}
