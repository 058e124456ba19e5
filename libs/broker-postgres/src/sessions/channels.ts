import type { Log } from '@lovage/ports';
import { toError } from '@lovage/foundation';
import type { BrokerSession } from './broker-session.ts';

export type OnPayload = (payload: string) => void;

/** What this process listens to, whichever session does it. */
export class Channels {
  private readonly listeners = new Map<string, Set<OnPayload>>();

  constructor(private readonly log: Log) {}

  /** Listens on this session, and on every later one; without one, on those alone. */
  async add(session: BrokerSession | undefined, channel: string, listener: OnPayload): Promise<void> {
    const known = this.listeners.get(channel);
    if (known) known.add(listener);
    else this.listeners.set(channel, new Set([listener]));
    // Also when it is listened to: the LISTEN of another caller may still be under way.
    await session?.listen(channel);
  }

  /** A session that is gone listens to nothing: pass `undefined`. */
  async remove(session: BrokerSession | undefined, channel: string, listener: OnPayload): Promise<void> {
    const known = this.listeners.get(channel);
    if (!known?.delete(listener) || known.size > 0) return;
    this.listeners.delete(channel);
    await session?.unlisten(channel);
  }

  /** Brings a new session to what is listened to. */
  async moveTo(session: BrokerSession): Promise<void> {
    session.onNotification((channel, payload) => this.tell(channel, payload));
    await Promise.all([...this.listeners.keys()].map((channel) => session.listen(channel)));
  }

  private tell(channel: string, payload: string): void {
    for (const listener of this.listeners.get(channel) ?? []) {
      try {
        listener(payload);
      } catch (error) {
        this.log.error({ err: toError(error), channel }, 'a listener of notifications threw');
      }
    }
  }
}
