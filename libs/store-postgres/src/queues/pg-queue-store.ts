import { textArray } from '@lovage/foundation';
import type { QueueStatus, QueuePause, QueueReport, QueueScaling, QueueStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { MOST_COUNTED } from '../lists/counts-sql.ts';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { PAUSE, PAUSED, RESUME } from '../sql/queues.ts';
import { CAME_ENDED, CAME_LIVE, LIVE, QUEUES, WENT } from './report-sql.ts';
import { SCALING } from './scaling-sql.ts';

/** Queues, on Postgres. */
export class PgQueueStore implements QueueStore {
  constructor(
    private readonly database: Database,
    private readonly reading: ReadingPool,
  ) {}

  async paused(queues: readonly string[]): Promise<string[]> {
    const rows = await this.database.run<{ name: string }>(PAUSED, [textArray(queues)]);
    return rows.map(({ name }) => name);
  }

  async pause(queue: string, by: { actor: string | null; reason: string | null }): Promise<QueuePause> {
    const [row] = await this.database.run<RawPause>(PAUSE, [queue, by.actor, by.reason]);
    return pauseOf(row!)!;
  }

  async resume(queue: string): Promise<boolean> {
    return (await this.database.run(RESUME, [queue])).length > 0;
  }

  async scaling(queue: string): Promise<QueueScaling> {
    const [row] = await this.reading.run<RawScaling>({ text: SCALING, values: [queue] });
    const { oldest_seconds, ended_per_second, drain_per_second, ...same } = row!;
    return {
      ...same,
      oldestAgeSeconds: oldest_seconds,
      endedPerSecond: ended_per_second,
      drainPerSecond: drain_per_second,
    };
  }

  report(given: readonly string[]): Promise<QueueReport> {
    return this.reading.together(async (run) => {
      const known = await run<RawPause & { name: string }>({ text: QUEUES, values: [textArray(given)] });
      const names = known.map(({ name }) => name);
      const live = await run<RawLive>({ text: LIVE, values: [] });
      const liveBy = byQueue(live);
      const cameLive = byQueue(await run<Rate>({ text: CAME_LIVE, values: [] }));
      const cameEnded = byQueue(await run<Rate>({ text: CAME_ENDED, values: [textArray(names)] }));
      const went = byQueue(await run<Rate>({ text: WENT, values: [] }));
      const counted = live.reduce((sum, { waiting, running }) => sum + waiting + running, 0);
      const queues = known.map((row): QueueStatus => {
        const { name: queue } = row;
        const { waiting = 0, later = 0, running = 0, oldest_seconds = null } = liveBy.get(queue) ?? {};
        return {
          queue,
          pause: pauseOf(row),
          ...{ waiting, later, running },
          oldestSeconds: oldest_seconds,
          inPerSecond: (cameLive.get(queue)?.per_second ?? 0) + (cameEnded.get(queue)?.per_second ?? 0),
          outPerSecond: went.get(queue)?.per_second ?? 0,
        };
      });
      return { queues, approximate: counted >= MOST_COUNTED };
    });
  }
}

type RawPause = { paused_at: Date | null; paused_by: string | null; paused_why: string | null };
type RawLive = { queue: string; waiting: number; later: number; running: number; oldest_seconds: number | null };
type RawScaling = {
  ready: number;
  sent: number;
  paused: boolean;
  running: number;
  oldest_seconds: number;
  ended_per_second: number;
  drain_per_second: number | null;
  approximate: boolean;
};
type Rate = { queue: string; per_second: number };

function pauseOf({ paused_at, paused_by, paused_why }: RawPause): QueuePause | null {
  return paused_at && { at: paused_at.getTime(), actor: paused_by, reason: paused_why };
}

const byQueue = <T extends { queue: string }>(rows: readonly T[]): Map<string, T> =>
  new Map(rows.map((row) => [row.queue, row]));
