import type { Log } from '@lovage/ports';
import { numberArray } from '../connection/array-literal.ts';
import type { Runs } from '../connection/statement.ts';
import { DEAD_SESSIONS, END_REAPING, FORGET_SESSIONS, RELEASE_TAKEN, TRY_REAPING } from './session-sql.ts';

/** Gives back to their queues what sessions hold whose connection is gone. Any number of processes may run one. */
export class Reaper {
  private running: Promise<void> | undefined;

  constructor(
    private readonly lane: Runs,
    private readonly log: Log,
  ) {}

  /** Whether there is anything to reap: one small statement. */
  async anyDead(asker: Runs): Promise<boolean> {
    return (await asker.run(DEAD_SESSIONS, [])).length > 0;
  }

  /** Best effort: what fails is left to the next time. */
  reap(): Promise<void> {
    this.running ??= this.reapOnce()
      .catch((error: unknown) => this.log.debug({ err: error }, 'the dead could not be reaped; trying again'))
      .finally(() => (this.running = undefined));
    return this.running;
  }

  /** Gives back what this process's own lost session holds, whether the server has noticed its end or not. */
  async release(session: number): Promise<void> {
    // What a take still under way on the server adds is found when the server has noticed.
    await this.lane
      .run(RELEASE_TAKEN, [numberArray([session])])
      .catch((error: unknown) => this.log.debug({ err: error, session }, 'left to the next look after dead consumers'));
  }

  private async reapOnce(): Promise<void> {
    const [got] = await this.lane.run(TRY_REAPING, []);
    if (got?.[0] !== true) return;
    try {
      // Asked again under the lock: somebody may just have done it.
      const ids = (await this.lane.run(DEAD_SESSIONS, [])).map((row) => row[0] as number);
      if (ids.length === 0) return;
      await this.lane.run(RELEASE_TAKEN, [numberArray(ids)]);
      await this.lane.run(FORGET_SESSIONS, [numberArray(ids)]);
      this.log.info({ sessions: ids }, 'gave back the messages of consumers that are gone');
    } finally {
      await this.lane.run(END_REAPING, []).catch(() => undefined);
    }
  }
}
