import type { LoadTest, LoadTestNote, LoadTestSpec, LoadTestState, LoadTestStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { LOAD_BEGIN, LOAD_GET, LOAD_LIST, LOAD_LOCK, LOAD_NOTE, LOAD_PRUNE, LOAD_STOP } from '../sql/load-tests.ts';

interface RawTest {
  id: string;
  spec: LoadTestSpec;
  actor: string;
  state: LoadTestState;
  report: unknown;
  error: string | null;
  created_at: Date;
  ended_at: Date | null;
}

/** Load tests on Postgres. What they measure is kept as it is given. */
export class PgLoadTestStore<R> implements LoadTestStore<R> {
  constructor(private readonly database: Database) {}

  begin({ id, spec, actor }: { id: string; spec: LoadTestSpec; actor: string }, aliveMs: number): Promise<boolean> {
    return this.database.transaction(async (run) => {
      await run(LOAD_LOCK, []);
      await run(LOAD_PRUNE, []);
      return (await run(LOAD_BEGIN, [id, JSON.stringify(spec), actor, aliveMs])).length > 0;
    });
  }

  async note(
    id: string,
    { state, report, error }: LoadTestNote<R>,
    aliveMs: number,
  ): Promise<'go on' | 'stop' | 'gone'> {
    const values = [id, state, report === undefined ? null : JSON.stringify(report), error ?? null, aliveMs];
    const [row] = await this.database.run<{ stop_asked: boolean }>(LOAD_NOTE, values);
    if (!row) return 'gone';
    return row.stop_asked ? 'stop' : 'go on';
  }

  async askStop(id: string): Promise<boolean> {
    return (await this.database.run(LOAD_STOP, [id])).length > 0;
  }

  async get(id: string): Promise<LoadTest<R> | undefined> {
    const [row] = await this.database.run<RawTest>(LOAD_GET, [id]);
    return row && this.toTest(row);
  }

  async list(limit: number): Promise<LoadTest<R>[]> {
    return (await this.database.run<RawTest>(LOAD_LIST, [limit])).map((row) => this.toTest(row));
  }

  private toTest({ created_at, ended_at, report, ...same }: RawTest): LoadTest<R> {
    return {
      ...same,
      report: report as R | null,
      createdAt: created_at.getTime(),
      endedAt: ended_at?.getTime() ?? null,
    };
  }
}
