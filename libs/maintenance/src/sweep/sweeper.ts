import { encodeResult } from '@lovage/celery';
import { Signal, type Service } from '@lovage/foundation';
import {
  systemClock,
  Ticker,
  type Broker,
  type Clock,
  type Log,
  type SweepReport,
  type SweepStore,
} from '@lovage/ports';

export interface SweeperOptions {
  readonly sweep: SweepStore;
  /** Tells those who wait for tasks that expire. */
  readonly broker: Pick<Broker, 'reply'>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Between sweeps, ms. Default 1000. */
  readonly everyMs?: number;
  /** Messages were put into the outbox: tell the relay. */
  readonly onRequeued?: () => void;
}

/** Requeues what dead workers held and ends what has expired. Any number may run. */
export class Sweeper implements Service {
  /** A sweep has ended. For tests. */
  readonly swept = new Signal<SweepReport>();
  private readonly ticker: Ticker;

  constructor(private readonly options: SweeperOptions) {
    const { log, clock = systemClock, everyMs = 1000 } = options;
    this.ticker = new Ticker({
      everyMs,
      clock,
      run: async () => void (await this.runOnce()),
      log,
      failure: 'the sweep failed; tried again',
    });
  }

  start(): Promise<void> {
    return this.ticker.start();
  }

  stop(): Promise<void> {
    return this.ticker.stop();
  }

  /** One sweep, now. @throws StoreUnavailableError */
  async runOnce(): Promise<SweepReport> {
    const report = await this.options.sweep.sweep();
    for (const { address, correlationId, taskId, state } of report.replies ?? [])
      this.options.broker.reply(address, { correlationId, body: encodeResult({ taskId, state }) });
    const { lapsedWorkers, requeued, revoked, expired, served } = report;
    if (lapsedWorkers > 0 || requeued > 0)
      this.options.log.warn({ lapsedWorkers, requeued, revoked }, 'workers died; what they ran is queued again');
    if (expired > 0) this.options.log.info({ expired }, 'tasks expired before they started');
    if (served > 0)
      this.options.log.info({ served }, 'a worker has come that serves tasks which none served: they go to it');
    if (requeued > 0 || served > 0) this.options.onRequeued?.();
    this.swept.emit(report);
    return report;
  }
}
