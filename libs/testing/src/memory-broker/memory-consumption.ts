import type { Clock, Consumption, ConsumeOptions, ConsumptionHealth, ConsumptionState, Delivery } from '@lovage/ports';
import type { MemoryConnection } from './memory-line.ts';
import type { MemoryServer } from './memory-server.ts';

export interface MemoryConsumptionOptions {
  readonly queue: string;
  readonly options: ConsumeOptions;
  readonly server: MemoryServer;
  readonly clock: Clock;
  onClosed(): void;
}

/** A subscription that outlives its connection. */
export class MemoryConsumption implements Consumption {
  private at: { readonly connection: MemoryConnection; cancel(): void; close(): void } | undefined;
  private cancelled = false;
  private shown: ConsumptionHealth;

  constructor(private readonly made: MemoryConsumptionOptions) {
    this.shown = { state: 'stalled', since: made.clock.now() };
  }

  get health(): ConsumptionHealth {
    return this.shown;
  }

  /** Consumes on this connection, if it was not cancelled. The queue is made again where somebody has deleted it. */
  attach(connection: MemoryConnection): void {
    if (this.cancelled) return;
    const { server, queue, options } = this.made;
    connection.request(() => {
      server.declare(queue);
      const served = server.queue(queue).serve({
        connection,
        prefetch: options.prefetch,
        onDelivery: (delivery) => this.deliver(delivery),
        onCancelled: () => this.attach(connection),
      });
      this.at = { connection, ...served };
      this.update();
    });
  }

  detach(): void {
    this.at = undefined;
    this.update();
  }

  async cancel(): Promise<void> {
    this.cancelled = true;
    const { at } = this;
    at?.connection.request(() => at.cancel());
    this.update();
  }

  async close(): Promise<void> {
    await this.cancel();
    const { at } = this;
    at?.connection.request(() => at.close());
    this.made.onClosed();
  }

  private deliver(delivery: Delivery): void {
    try {
      this.made.options.onDelivery(delivery);
    } catch {
      // As with every adapter: it stays held, and does no harm to the others.
    }
  }

  private update(): void {
    const state: ConsumptionState = this.cancelled ? 'paused' : this.at ? 'consuming' : 'stalled';
    if (state !== this.shown.state) this.shown = { state, since: this.made.clock.now() };
  }
}
