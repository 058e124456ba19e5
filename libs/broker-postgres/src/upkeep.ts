import type { Clock, Log } from '@lovage/ports';
import type { Runs } from './connection/statement.ts';
import type { Queues } from './queues/queues.ts';
import { EXPIRE_REPLIES } from './replies/replies-sql.ts';

const EVERY_MS = 60_000;
/** Whoever has not come for a large reply by then is gone, or has read the result from its row. */
const REPLY_TTL_MS = 60_000;

/** Removes what nobody comes for any more. Any number of processes may run one. */
export class Upkeep {
  private last: number | undefined;

  constructor(
    private readonly lane: Runs,
    private readonly queues: Queues,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Does it when it is due; call it at every beat. */
  run(): void {
    const now = this.clock.monotonic();
    this.last ??= now;
    if (now - this.last < EVERY_MS) return;
    this.last = now;
    void this.tidy();
  }

  async tidy(): Promise<void> {
    try {
      await Promise.all([this.lane.run(EXPIRE_REPLIES, [REPLY_TTL_MS]), this.queues.deleteOrphans()]);
    } catch (error) {
      this.log.debug({ err: error }, 'upkeep failed; trying again in a minute');
    }
  }
}
