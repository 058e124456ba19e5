import type { LiveEvents } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import type { LiveEvent, LiveSource } from './live-source.ts';

type WholeTopic = 'counts' | 'throughput' | 'queues' | 'platform';

/** A topic that is told whole whenever it has changed. */
export class WholeSource<T extends WholeTopic> implements LiveSource {
  revision = 0;
  private text = '';
  private event: LiveEvent | undefined;

  constructor(
    readonly topic: T,
    readonly everyMs: number,
    private readonly ask: () => Promise<Omit<LiveEvents[T], 'at'>>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async read(): Promise<void> {
    const found = await this.ask();
    const text = JSON.stringify(found);
    if (text === this.text) return;
    this.text = text;
    this.revision += 1;
    this.event = {
      event: this.topic,
      data: { at: new Date(this.clock.now()).toISOString(), ...found } as LiveEvents[T],
    };
  }

  since(revision: number): LiveEvent | undefined {
    return revision < this.revision ? this.event : undefined;
  }
}
