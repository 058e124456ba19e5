import { Signal, type Service } from '@lovage/foundation';
import {
  systemClock,
  Ticker,
  type CeleryBackend,
  type CeleryStore,
  type Clock,
  type ForeignReport,
  type Log,
  type OpenForeign,
  type StateWatch,
} from '@lovage/ports';
import { reportOf } from './read-report.ts';

export interface BackendReportsOptions {
  readonly backend: Pick<CeleryBackend, 'isUp' | 'load' | 'watch'>;
  readonly rows: Pick<CeleryStore, 'openForeign'>;
  /** Records it, and tells who waits. */
  readonly settle: (report: ForeignReport) => Promise<void>;
  readonly log: Log;
  readonly clock?: Clock;
  /** Between two looks at the open tasks, ms. Default 1000. */
  readonly everyMs?: number;
}

/** Tasks that are followed at once, the newest first. */
const MAX_OPEN = 5000;
/** Keys of one question. */
const BATCH = 500;
/** One of so many looks asks for all tasks, the others for the new ones: that one finds what a watch has missed. */
const THOROUGH = 5;
/** Reports that are being recorded at once; what comes beyond is found by the next look. */
const MAX_PENDING = 1000;

/**
 * Records what Celery workers with a result backend write of tasks that were submitted to them from here: it follows the keys of those that
 * have not ended, and asks for them now and then. Tasks of nobody here are not looked at, however many there are. Any number of beats may do so.
 */
export class BackendReports implements Service {
  /** A look is over. For tests. */
  readonly looked = new Signal<number>();
  private readonly ticker: Ticker;
  /** Followed, each with what was recorded of it last. */
  private readonly open = new Map<string, { state: OpenForeign['state']; last: string | undefined }>();
  private watch: StateWatch | undefined;
  private looks = 0;
  private pending = 0;

  constructor(private readonly options: BackendReportsOptions) {
    const { log, clock = systemClock, everyMs = 1000 } = options;
    this.ticker = new Ticker({
      ...{ everyMs, clock, log, run: () => this.runOnce() },
      failure: "results of foreign tasks cannot be read from Celery's result backend now; tried again",
    });
  }

  async start(): Promise<void> {
    this.watch = this.options.backend.watch(({ taskId, meta }) => this.take(taskId, meta));
    await this.ticker.start();
  }

  async stop(): Promise<void> {
    await this.ticker.stop();
    this.watch?.close();
  }

  /** One look, now. @throws StoreUnavailableError CeleryBackendError */
  async runOnce(): Promise<void> {
    const { backend, rows } = this.options;
    const now = await rows.openForeign(MAX_OPEN);
    const ids = new Set(now.map(({ taskId }) => taskId));
    const gone = [...this.open.keys()].filter((id) => !ids.has(id));
    const fresh = now.filter(({ taskId }) => !this.open.has(taskId));
    for (const id of gone) this.open.delete(id);
    for (const { taskId, state } of fresh) this.open.set(taskId, { state, last: undefined });
    this.watch?.unfollow(gone);
    this.watch?.follow(fresh.map(({ taskId }) => taskId));
    this.looks += 1;
    if (!backend.isUp) return;
    const asked = this.looks % THOROUGH === 0 ? [...this.open.keys()] : fresh.map(({ taskId }) => taskId);
    for (let i = 0; i < asked.length; i += BATCH) {
      const part = asked.slice(i, i + BATCH);
      const metas = await backend.load(part);
      part.forEach((id, n) => metas[n] != null && this.take(id, Buffer.from(metas[n])));
    }
    this.looked.emit(this.open.size);
  }

  private take(taskId: string, meta: Buffer): void {
    const known = this.open.get(taskId);
    if (!known || this.pending >= MAX_PENDING) return;
    const text = meta.toString('latin1');
    // A watch and a look tell the same.
    if (known.last === text) return;
    const report = reportOf({ body: meta, correlationId: taskId });
    if (!report || report.taskId !== taskId) return;
    const repeated = known.last === undefined && report.state === known.state;
    known.last = text;
    // Found by the first look, and in the row already.
    if (repeated && report.state === 'RETRY') return;
    this.pending += 1;
    void this.options
      .settle({ ...report, repeats: true })
      .catch(() => (known.last = undefined))
      .finally(() => (this.pending -= 1));
  }
}
