import type { Broker, Log, OutboxItem, OutboxStore, OutgoingMessage, TaskRow } from '@lovage/ports';
import { Pump } from '../under-way.ts';

export interface DueSenderDeps {
  readonly outbox: Pick<OutboxStore, 'leaseDue' | 'published' | 'release'>;
  readonly broker: Pick<Broker, 'publish'>;
  readonly log: Log;
  /** Makes the message of a row. */
  messageOf(row: TaskRow): OutgoingMessage;
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
        const [sent, unsent]: [OutboxItem[], OutboxItem[]] = [[], []];
        await Promise.all(due.map(async (item) => void ((await this.send(item)) ? sent : unsent).push(item)));
        if (sent.length > 0) await outbox.published(sent.sort((a, b) => (a.taskId < b.taskId ? -1 : 1)));
        if (unsent.length === 0) continue;
        await outbox.release(unsent, 0);
        return;
      }
    } catch (error) {
      log.debug({ err: error }, 'what is due could not be sent from here; the relay sends it');
    }
  }

  private async send({ task }: OutboxItem): Promise<boolean> {
    const { broker, messageOf, log } = this.deps;
    try {
      await broker.publish(messageOf(task));
      return true;
    } catch (error) {
      log.debug({ err: error, task: task.id }, 'a task could not be sent from here; the relay sends it');
      return false;
    }
  }
}
