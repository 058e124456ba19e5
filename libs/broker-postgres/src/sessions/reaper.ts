import { plainArray } from '@lovage/foundation';
import type { Log } from '@lovage/ports';
import type { StatementRunner } from '../connection/statement.ts';
import { DEAD_SESSIONS, END_REAPING, FORGET_SESSIONS, RELEASE_TAKEN, TRY_REAPING } from './session-sql.ts';

/** Requeues what sessions hold whose connection is gone. Any number of processes may run one. */
export class Reaper {
  private running: Promise<void> | undefined;

  constructor(
    private readonly runner: StatementRunner,
    private readonly log: Log,
  ) {}

  /** Whether there is anything to reap: one small statement. */
  async anyDead(asker: StatementRunner): Promise<boolean> {
    return (await asker.run(DEAD_SESSIONS, [])).length > 0;
  }

  /** Best effort: what fails is left to the next time. */
  reap(): Promise<void> {
    this.running ??= this.reapOnce()
      .catch((error: unknown) => this.log.debug({ err: error }, 'the dead could not be reaped; trying again'))
      .finally(() => (this.running = undefined));
    return this.running;
  }

  /** Requeues what this process's own lost session holds, whether the server has noticed its end or not. */
  async release(session: number): Promise<void> {
    // A take that is still under way on the server may add more: that is found once the server has noticed.
    await this.runner
      .run(RELEASE_TAKEN, [plainArray([session])])
      .catch((error: unknown) => this.log.debug({ err: error, session }, 'left to the next look after dead consumers'));
  }

  private async reapOnce(): Promise<void> {
    const [got] = await this.runner.run(TRY_REAPING, []);
    if (got?.[0] !== true) return;
    try {
      // Asked again under the lock: somebody may just have done it.
      const ids = (await this.runner.run(DEAD_SESSIONS, [])).map((row) => row[0] as number);
      if (ids.length === 0) return;
      await this.runner.run(RELEASE_TAKEN, [plainArray(ids)]);
      await this.runner.run(FORGET_SESSIONS, [plainArray(ids)]);
      this.log.info({ sessions: ids }, 'requeued the messages of consumers that are gone');
    } finally {
      await this.runner.run(END_REAPING, []).catch(() => undefined);
    }
  }
}
