import { toError } from '@lovage/foundation';
import type { Log } from '@lovage/ports';
import type { RedisSession } from './session.ts';

type Listener = (text: string) => void;

/** Who listens to which channel; it outlives sessions. */
export class RedisChannels {
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(private readonly log: Log) {}

  /** Before a new session is used. */
  async moveTo(session: RedisSession): Promise<void> {
    session.heard.on(({ channel, text }) => this.tell(channel, text));
    const names = [...this.listeners.keys()];
    if (names.length > 0) await session.subscriber.subscribe(...names);
  }

  /** Listens on this session, and on every later one; without one, on those alone. */
  async add(session: RedisSession | undefined, channel: string, listener: Listener): Promise<void> {
    const known = this.listeners.get(channel);
    if (known) known.add(listener);
    else this.listeners.set(channel, new Set([listener]));
    await session?.subscriber.subscribe(channel);
  }

  async remove(session: RedisSession | undefined, channel: string, listener: Listener): Promise<void> {
    const known = this.listeners.get(channel);
    known?.delete(listener);
    if (!known || known.size > 0) return;
    this.listeners.delete(channel);
    await session?.subscriber.unsubscribe(channel);
  }

  private tell(channel: string, text: string): void {
    for (const listener of this.listeners.get(channel) ?? []) {
      try {
        listener(text);
      } catch (error) {
        this.log.error({ err: toError(error) }, 'a listener of a channel threw');
      }
    }
  }
}
