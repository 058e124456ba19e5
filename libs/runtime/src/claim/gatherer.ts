import type { Clock } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { Batch } from './batch.ts';

/** A batch that others may join, and how to cancel its timeout while it runs. */
interface Gathering {
  readonly queue: string;
  readonly batch: Batch<TaskEntry>;
  cancelTimer: () => void;
  /** It waits for a slot. */
  ripe: boolean;
}

/**
 * Gathers tasks of batch contracts, by contract and queue, before they are claimed: a batch is ripe once it is full, or its first
 * task has waited for as long as the contract says. One that is ripe waits for a slot, and still takes in what comes until then.
 */
export class Gatherer {
  private readonly gathering = new Map<string, Gathering>();

  /** @param onRipe gets the most urgent task of a batch, for which it waits; the others are with it in its `batch`. */
  constructor(
    private readonly clock: Clock,
    private readonly onRipe: (urgent: TaskEntry) => void,
  ) {}

  add(entry: TaskEntry): void {
    const { queue } = entry.newTask;
    const options = entry.options.batch!;
    const key = `${entry.newTask.name} ${queue}`;
    let gathering = this.gathering.get(key);
    if (!gathering?.batch.isOpen) {
      const begun: Gathering = { queue, batch: new Batch(options), cancelTimer: () => undefined, ripe: false };
      gathering = begun;
      this.gathering.set(key, begun);
      begun.batch.add(entry);
      if (!begun.batch.isFull) begun.cancelTimer = this.clock.after(options.timeoutMs, () => this.ripen(begun));
    } else gathering.batch.add(entry);
    if (gathering.batch.isFull) this.ripen(gathering);
  }

  /** What gathers here of one queue and is not ripe: it leaves. */
  remove(queue: string): TaskEntry[] {
    const back: TaskEntry[] = [];
    for (const [key, gathering] of this.gathering) {
      if (gathering.queue !== queue || gathering.ripe) continue;
      this.gathering.delete(key);
      gathering.cancelTimer();
      back.push(...gathering.batch.dissolve());
    }
    return back;
  }

  clear(): void {
    for (const { cancelTimer } of this.gathering.values()) cancelTimer();
    this.gathering.clear();
  }

  private ripen(gathering: Gathering): void {
    gathering.cancelTimer();
    if (gathering.ripe) return;
    gathering.ripe = true;
    const [first, ...others] = gathering.batch.members;
    if (!first) return;
    this.onRipe(others.reduce((most, other) => (other.urgency > most.urgency ? other : most), first));
  }
}
