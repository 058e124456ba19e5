import {
  StoreUnavailableError,
  type OutboxItem,
  type OutboxStore,
  type OutgoingMessage,
  type TaskRow,
} from '@lovage/ports';
import type { MemoryBroker, TestClock } from '@lovage/testing';
import type { RelayedMessage } from '../relay/outbox-acks.ts';

interface Entry {
  readonly taskId: string;
  readonly generation: number;
  readonly dueAt: number;
  readonly queue: string;
  leasedUntil: number;
}

/** The outbox in memory, on the test's clock; what specs rely on, it does as the real one (fake-outbox.spec.ts). */
export class FakeOutbox implements OutboxStore {
  readonly entries = new Map<string, Entry>();
  readonly calls: string[] = [];
  readonly releases: { ids: string[]; delayMs: number }[] = [];
  away = false;

  constructor(private readonly clock: TestClock) {}

  put(taskId: string, dueInMs: number, queue = 'default'): void {
    this.entries.set(taskId, {
      taskId,
      generation: 0,
      dueAt: this.clock.monotonic() + dueInMs,
      queue,
      leasedUntil: -Infinity,
    });
  }

  async leaseDue(options: { withinMs: number; leaseMs: number; limit: number }): Promise<OutboxItem[]> {
    this.called('leaseDue');
    const now = this.clock.monotonic();
    const due = [...this.entries.values()]
      .filter((entry) => entry.dueAt < now + options.withinMs && entry.leasedUntil <= now)
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, options.limit);
    return due.map((entry) => {
      entry.leasedUntil = now + options.leaseMs;
      const { taskId, generation, queue } = entry;
      return { taskId, generation, dueInMs: entry.dueAt - now, task: { id: taskId, queue } as TaskRow };
    });
  }

  async published(items: readonly RelayedMessage[]): Promise<void> {
    this.called('published');
    for (const entry of this.entriesOf(items)) this.entries.delete(entry.taskId);
  }

  async release(items: readonly RelayedMessage[], delayMs: number): Promise<void> {
    this.called('release');
    this.releases.push({ ids: items.map(({ taskId }) => taskId), delayMs });
    for (const entry of this.entriesOf(items)) entry.leasedUntil = this.clock.monotonic() + delayMs;
  }

  private entriesOf(items: readonly RelayedMessage[]): Entry[] {
    const found = items.map(({ taskId, generation }) => ({ entry: this.entries.get(taskId), generation }));
    return found.flatMap(({ entry, generation }) => (entry?.generation === generation ? [entry] : []));
  }

  private called(name: string): void {
    this.calls.push(name);
    if (this.away) throw new StoreUnavailableError('away');
  }
}

/** When each publish was asked for, from now on. */
export function timesOf(broker: MemoryBroker, clock: { monotonic(): number }): { id: string; at: number }[] {
  const times: { id: string; at: number }[] = [];
  broker.publishing.on(({ correlationId }) => times.push({ id: correlationId!, at: clock.monotonic() }));
  return times;
}

export const messageOf = (row: Pick<TaskRow, 'id' | 'queue'>): OutgoingMessage => ({
  queue: row.queue,
  body: Buffer.from('{}'),
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  headers: {},
  correlationId: row.id,
});

/** Lets everything under way come to rest, without time passing: batches take a few passes of the event loop. */
export async function rest(clock: TestClock): Promise<void> {
  for (let i = 0; i < 20; i += 1) await clock.advance(0);
}
