import type { BeatStore, KnownBeat } from '@lovage/ports';
import type { Database } from '../database.ts';
import { BEAT_GONE, BEAT_SEEN, BEATS } from '../sql/beats.ts';

type RawBeat = { id: string; host: string; pid: number; started_at: Date; seen_at: Date; alive: boolean };

/** Which beats run, on Postgres. */
export class PgBeatStore implements BeatStore {
  constructor(private readonly database: Database) {}

  async seen({ id, host, pid }: Pick<KnownBeat, 'id' | 'host' | 'pid'>): Promise<void> {
    await this.database.run(BEAT_SEEN, [id, host, pid]);
  }

  async gone(id: string): Promise<void> {
    await this.database.run(BEAT_GONE, [id]);
  }

  async list(): Promise<KnownBeat[]> {
    const rows = await this.database.run<RawBeat>(BEATS, []);
    return rows.map(({ started_at, seen_at, ...same }) => ({
      ...same,
      startedAt: started_at.getTime(),
      seenAt: seen_at.getTime(),
    }));
  }
}
