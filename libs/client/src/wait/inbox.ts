import { decodeResult } from '@lovage/celery';
import type { Broker, Log, ReplyInbox } from '@lovage/ports';
import type { WatchList } from './watch-list.ts';

/** This process's one reply inbox, opened when the first task asks for a reply. */
export class Inbox {
  private inbox: ReplyInbox | undefined;
  private opening: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly broker: Broker,
    private readonly watches: WatchList,
    private readonly log: Log,
  ) {}

  /** The address, once open. */
  get address(): string | undefined {
    return this.inbox?.address;
  }

  /** Opens it if the broker can be reached; without it whoever waits reads rows. Never rejects. */
  open(): Promise<void> {
    if (this.inbox || this.stopped || this.broker.state === 'down') return Promise.resolve();
    this.opening ??= this.begin().finally(() => (this.opening = undefined));
    return this.opening;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.opening;
    await this.inbox?.close();
  }

  private async begin(): Promise<void> {
    try {
      this.inbox = await this.broker.openReplies(({ correlationId, body }) => {
        const reply = decodeResult(body);
        if (reply) this.watches.ring(correlationId, reply);
        else this.log.warn({ correlationId, bytes: body.length }, 'a reply that is no task result was dropped');
      });
    } catch (error) {
      this.log.warn({ err: error }, 'no reply inbox: results are read from Postgres until one can be opened');
    }
  }
}
