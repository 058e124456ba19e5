import { RecyclingMap, LovageError } from '@lovage/foundation';
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
  private readonly inFlight = new RecyclingMap<number, InFlight>();
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

/**
 * Which queues there are. Queues of known contracts are declared, once a process; another name is never made into a queue by
 * a submit, or a misspelt one would collect tasks that nobody runs.
 */
export class KnownQueues {
  private readonly ready = new Set<string>();
  private readonly asked = new Map<string, Promise<void>>();

  constructor(
    private readonly broker: Broker,
    private readonly known: ReadonlySet<string>,
  ) {}

  /** Nothing is left to ask before a publish that the broker itself checks. */
  isOpen(queue: string): boolean {
    return this.ready.has(queue) || !this.known.has(queue);
  }

  /** Declares a known queue; for another makes sure that it is there. @throws UnroutableError BrokerUnavailableError */
  open(queue: string): Promise<void> {
    if (this.ready.has(queue)) return Promise.resolve();
    let asking = this.asked.get(queue);
    if (!asking) {
      asking = this.ask(queue).finally(() => this.asked.delete(queue));
      this.asked.set(queue, asking);
    }
    return asking;
  }

  private async ask(queue: string): Promise<void> {
    if (this.known.has(queue)) await this.broker.declare(queue);
    else await this.broker.depth(queue);
    this.ready.add(queue);
  }
}
