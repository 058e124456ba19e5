import { sqlState } from '@lovage/foundation';
import type { Clock, Log } from '@lovage/ports';
import { Connection, type ConnectionOptions } from './connection/connection.ts';
import type { StatementRunner } from './connection/statement.ts';
import type { Queues } from './queues/queues.ts';
import { EXPIRE_REPLIES } from './replies/replies-sql.ts';

const EVERY_MS = 60_000;
/** A caller that has not come for a large reply by then is gone, or has read the result from its row. */
const REPLY_TTL_MS = 60_000;
/**
 * So many messages are removed before this process vacuums. Autovacuum looks once a minute, or never where it is off: at
 * some thousand messages a second the table would have grown by hundreds of MB by then, all of it dead.
 */
const VACUUM_AFTER = 20_000;
const CONNECT_TIMEOUT_MS = 5000;

export interface UpkeepOptions {
  readonly target: ConnectionOptions;
  readonly runner: StatementRunner;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Log;
}

/** Removes what nobody comes for any more, and frees its room. Any number of processes may run one. */
export class Upkeep {
  private last: number | undefined;
  private removed = 0;
  private running: Promise<void> | undefined;
  private readonly stopped = new AbortController();

  constructor(private readonly options: UpkeepOptions) {}

  /** So many messages were taken out of their queues for good. */
  count(removed: number): void {
    this.removed += removed;
  }

  /** Does what is due; call it at every beat. */
  run(): void {
    const now = this.options.clock.monotonic();
    this.last ??= now;
    const minute = now - this.last >= EVERY_MS;
    if (this.running || (!minute && this.removed < VACUUM_AFTER)) return;
    if (minute) this.last = now;
    this.running = this.work(minute)
      .catch((error: unknown) => this.options.log.debug({ err: error }, 'upkeep failed; trying again'))
      .finally(() => (this.running = undefined));
  }

  /** Nothing is begun any more; gives up what is under way. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async work(minute: boolean): Promise<void> {
    if (minute) await this.options.runner.run(EXPIRE_REPLIES, [REPLY_TTL_MS]);
    if (minute) await this.options.queues.deleteOrphans();
    if (this.removed > 0) await this.vacuum(minute);
  }

  /**
   * @param shrink give room to the disk as well: for a moment that locks the table, so not while the queue is at its busiest.
   * Somebody who may not vacuum, or finds that another process does it already, does nothing.
   */
  private async vacuum(shrink: boolean): Promise<void> {
    const counted = this.removed;
    const connection = await Connection.open(this.options.target, CONNECT_TIMEOUT_MS, this.stopped.signal);
    const giveUp = (): void => connection.destroy(new Error('given up: stopped'));
    this.stopped.signal.addEventListener('abort', giveUp);
    try {
      await connection.script(`vacuum (skip_locked, truncate ${shrink}) lovage_broker.messages`);
      this.removed -= counted;
    } catch (error) {
      // Refused for good: asking at each beat would not help.
      if (sqlState(error)) this.removed = 0;
      throw error;
    } finally {
      this.stopped.signal.removeEventListener('abort', giveUp);
      await connection.close(CONNECT_TIMEOUT_MS);
    }
  }
}
