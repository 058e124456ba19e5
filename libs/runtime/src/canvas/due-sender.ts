import type { OutboxStore } from '@lovage/ports';
import { sendLeased, type SendLeasedDeps } from '../record/send-leased.ts';
import { Pump } from '../under-way.ts';

export interface DueSenderDeps extends SendLeasedDeps {
  readonly outbox: Pick<OutboxStore, 'leaseDue' | 'published' | 'release'>;
}

/** For so long nobody else sends a message that is leased here, ms. */
const LEASE_MS = 10_000;
/** Messages of one look. */
const LIMIT = 100;

/**
 * Sends what is due in the outbox, when a worker has just put something there: the next step of a chain need not wait until a beat's relay
 * looks again. It is one more relay; what it does not send, those do.
 */
export class DueSender {
  private readonly pump = new Pump(() => this.run());

  constructor(private readonly deps: DueSenderDeps) {}

  /** Something is due. */
  wake(): void {
    this.pump.wake();
  }

  /** Resolves when nothing is being sent; nothing more is. */
  close(): Promise<void> {
    return this.pump.close();
  }

  private async run(): Promise<void> {
    const { outbox, log } = this.deps;
    try {
      for (let found = LIMIT; found === LIMIT;) {
        const due = await outbox.leaseDue({ withinMs: 0, leaseMs: LEASE_MS, limit: LIMIT });
        found = due.length;
        if (!(await sendLeased(due, this.deps))) return;
      }
    } catch (error) {
      log.debug({ err: error }, 'what is due could not be sent from here; the relay sends it');
    }
  }
}
