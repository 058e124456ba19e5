import { bandOf, DEFAULT_PRIORITY, PRIORITY_BANDS } from '@lovage/ports';
import { Fifo } from './fifo.ts';
import { Ranked } from './ranked.ts';

/** The priorities of each band, in the order of `PRIORITY_BANDS`, the most urgent first. */
const LEVELS: readonly (readonly number[])[] = PRIORITY_BANDS.map((band) =>
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].filter((priority) => bandOf(priority) === band),
);

/**
 * What waits of one queue. The high band goes before the normal one, that before the low one, and in a band the higher number;
 * of the same number what came first. A lower band is passed over nine times in a row at most, before it has its turn; so is a
 * lower number within its band. Without priorities it is first in, first out.
 */
export class UrgentFirst<T> {
  private readonly ordinary = new Fifo<T>();
  private readonly levels = new Map<number, Fifo<T>>([[DEFAULT_PRIORITY, this.ordinary]]);
  private readonly bands = new Ranked();
  private readonly within = LEVELS.map(() => new Ranked());
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** @param priority 0 to 9 */
  push(item: T, priority: number): void {
    let level = this.levels.get(priority);
    if (!level) this.levels.set(priority, (level = new Fifo()));
    level.push(item);
    this.count += 1;
  }

  /** Only when something waits. */
  shift(): T {
    const next = this.ordinary.size === this.count ? this.ordinary : this.pick();
    this.count -= 1;
    return next.shift();
  }

  private pick(): Fifo<T> {
    const waits = (priority: number) => (this.levels.get(priority)?.size ?? 0) > 0;
    const waiting = LEVELS.map((levels) => levels.filter(waits));
    const bands = [...waiting.keys()].filter((band) => waiting[band]!.length > 0);
    const band = this.bands.pick(bands);
    const ranks = waiting[band]!.map((priority) => 9 - priority);
    return this.levels.get(9 - this.within[band]!.pick(ranks))!;
  }
}
