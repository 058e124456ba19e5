import type { Broker } from '@lovage/ports';

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
