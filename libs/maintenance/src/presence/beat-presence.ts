import { hostname } from 'node:os';
import { Lifecycle, newId, type Service } from '@lovage/foundation';
import { systemClock, Ticker, type BeatStore, type Clock, type Log } from '@lovage/ports';

export interface BeatPresenceOptions {
  readonly beats: Pick<BeatStore, 'seen' | 'gone'>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** Between two words of a beat, ms. */
const EVERY_MS = 5_000;

/** Tells that this beat runs, so that people see when none does. */
export class BeatPresence implements Service {
  private readonly id = newId();
  private readonly ticker: Ticker;
  private readonly lifecycle = new Lifecycle(
    () => this.ticker.start(),
    () => this.leave(),
  );

  constructor(private readonly options: BeatPresenceOptions) {
    const { beats, log, clock = systemClock } = options;
    this.ticker = new Ticker({
      everyMs: EVERY_MS,
      clock,
      run: async () => {
        await beats.seen({ id: this.id, host: hostname(), pid: process.pid });
      },
      log,
      failure: 'this beat could not tell that it runs; tried again',
      failureLevel: 'debug',
    });
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  private async leave(): Promise<void> {
    await this.ticker.stop();
    // It is forgotten after a day anyway.
    await this.options.beats.gone(this.id).catch(() => undefined);
  }
}
