export type LoadTestState = 'running' | 'draining' | 'done' | 'stopped' | 'failed';

/** What a load test does. */
export interface LoadTestSpec {
  readonly contract: string;
  readonly total: number;
  readonly seconds: number;
  /** Tasks a second; null: as fast as it goes. */
  readonly rate: number | null;
  readonly rampSeconds: number;
}

/** A load test. `R`: what it measures. */
export interface LoadTest<R> {
  readonly id: string;
  readonly spec: LoadTestSpec;
  /** Id of the user who started it. */
  readonly actor: string;
  /** `failed` also where its gateway was not heard of for too long. */
  readonly state: LoadTestState;
  /** Null: none was written yet. */
  readonly report: R | null;
  readonly error: string | null;
  /** Times are ms since the epoch. */
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** What is noted of a running test. */
export interface LoadTestNote<R> {
  readonly state: LoadTestState;
  readonly report?: R;
  readonly error?: string;
}

/** Load tests: one at a time, seen from every gateway. All throw StoreUnavailableError. */
export interface LoadTestStore<R> {
  /** False: another one runs. All but the newest 100 are deleted by the way. `aliveMs`: its gateway must be heard of within so long. */
  begin(test: { id: string; spec: LoadTestSpec; actor: string }, aliveMs: number): Promise<boolean>;
  /** Notes how it stands. `stop`: somebody wants it to end; `gone`: it has ended, or is unknown. */
  note(id: string, note: LoadTestNote<R>, aliveMs: number): Promise<'go on' | 'stop' | 'gone'>;
  /** Asks its gateway to end it. False: it does not run. */
  askStop(id: string): Promise<boolean>;
  get(id: string): Promise<LoadTest<R> | undefined>;
  /** Newest first. */
  list(limit: number): Promise<LoadTest<R>[]>;
}
