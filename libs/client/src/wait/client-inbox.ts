import { decodeResult } from '@lovage/celery';
import type { Broker, Clock, Log, ReplyInbox } from '@lovage/ports';
import type { WatchList } from './watch-list.ts';

/** After a failed try to open it, none for so long, ms: each submit would wait for the next. */
const REOPEN_MS = 5000;

/** This process's one reply inbox, opened when the first task asks for a reply. */
export class ClientInbox {
  private inbox: ReplyInbox | undefined;
  private opening: Promise<void> | undefined;
  private notBefore = -Infinity;
  private stopped = false;

  constructor(
    private readonly broker: Broker,
    private readonly watches: WatchList,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** The address, once open. */
  get address(): string | undefined {
    return this.inbox?.address;
  }

  /** Opens it if the broker can be reached; without it callers that wait read rows. Never rejects. */
  open(): Promise<void> {
    if (this.inbox || this.stopped || this.broker.state === 'down' || this.clock.monotonic() < this.notBefore)
      return Promise.resolve();
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
        if (reply) this.watches.notify(correlationId, reply);
        else this.log.warn({ correlationId, bytes: body.length }, 'a reply that is no task result was dropped');
      });
    } catch (error) {
      this.notBefore = this.clock.monotonic() + REOPEN_MS;
      this.log.warn({ err: error }, 'no reply inbox: results are read from Postgres until one can be opened');
    }
  }
}
