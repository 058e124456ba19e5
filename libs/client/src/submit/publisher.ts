import { ChurnMap, LovageError } from '@lovage/foundation';
import type { Broker, OutgoingMessage } from '@lovage/ports';

/** The broker takes no publishes now; a message under way may still be confirmed later. Never leaves this library. */
export class BrokerBlockedError extends LovageError {
  readonly code = 'broker_blocked';
}

interface InFlight {
  reject(error: Error): void;
}

/**
 * Publishes, and does not let callers wait for a broker that has just announced that it takes nothing: its confirms may be
 * hours away. A confirm that is merely slow is waited for.
 */
export class Publisher {
  private readonly inFlight = new ChurnMap<number, InFlight>();
  private sent = 0;
  private readonly unsubscribe: () => void;

  constructor(private readonly broker: Broker) {
    this.unsubscribe = broker.onStateChange((state) => {
      if (state !== 'blocked') return;
      const waiting = [...this.inFlight.values()];
      this.inFlight.clear();
      for (const entry of waiting) entry.reject(new BrokerBlockedError('the broker is blocked'));
    });
  }

  /** @throws BrokerBlockedError and what {@link Broker.publish} throws. */
  send(message: OutgoingMessage): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const no = ++this.sent;
      this.inFlight.set(no, { reject });
      this.broker.publish(message).then(
        () => {
          this.inFlight.delete(no);
          resolve();
        },
        (error) => {
          this.inFlight.delete(no);
          reject(error);
        },
      );
    });
  }

  stop(): void {
    this.unsubscribe();
  }
}
