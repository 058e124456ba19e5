import { Signal } from '@lovage/foundation';
import type { Clock, ImposedLimits, LimitStore, Log } from '@lovage/ports';

/** Between two readings, ms: so long may a limit that an operator has set on a contract without one take to hold. */
const EVERY_MS = 1000;

/**
 * Which contracts have limits set by an operator, read again each second. What the limits are is decided by the claim, in
 * Postgres; here it matters that there are some.
 */
export class LimitOverrides {
  /** A reading has ended. For tests. */
  readonly read = new Signal<void>();
  private byContract: ReadonlyMap<string, ImposedLimits> = new Map();
  private callOff: (() => void) | undefined;
  private reading: Promise<void> | undefined;
  private stopped = false;
  private failing = false;

  constructor(
    private readonly limits: Pick<LimitStore, 'imposed'>,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  of(contract: string): ImposedLimits | undefined {
    return this.byContract.get(contract);
  }

  /** Resolves when they have been read once, or could not be. */
  async start(): Promise<void> {
    await (this.reading = this.readOnce());
  }

  /** Resolves when no reading is under way. Idempotent. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.callOff?.();
    await this.reading;
  }

  private async readOnce(): Promise<void> {
    try {
      this.byContract = new Map((await this.limits.imposed()).map((imposed) => [imposed.contract, imposed]));
      this.failing = false;
    } catch (error) {
      // What was read last goes on to hold.
      if (!this.failing) this.log.warn({ err: error }, 'the limits set by operators could not be read; tried again');
      this.failing = true;
    }
    if (this.stopped) return;
    this.callOff = this.clock.after(EVERY_MS, () => {
      this.reading = this.readOnce();
    });
    this.read.emit();
  }
}
