import { PRIORITY_LEVELS, type PriorityLevel } from '@lovage/ports';
import { LEVEL_RANGES, levelOfId, type IdRange } from '../queues/message-order.ts';
import { TakeCursor } from './take-cursor.ts';

/**
 * First character of a notification that speaks of messages that stand before others: requeued, or more urgent. The
 * level they are of follows; none: any.
 */
export const FROM_START = '<';

/** What one consumption takes of a level. */
export class LevelTake {
  readonly held = new Set<number>();
  cursor!: TakeCursor;

  constructor(
    readonly range: IdRange,
    private readonly prefetch: number,
    private readonly now: () => number,
  ) {
    this.begin();
  }

  /** How many more it may take, if there may be any. */
  get free(): number {
    return this.cursor.hungry ? this.prefetch - this.held.size : 0;
  }

  begin(): void {
    this.cursor = new TakeCursor(this.now, this.range.after);
  }
}

/** The same of all levels of a queue. */
export class LevelTakes {
  private readonly levels: Readonly<Record<PriorityLevel, LevelTake>>;
  private readonly all: readonly LevelTake[];

  constructor(prefetch: number, now: () => number) {
    const take = (level: PriorityLevel) => new LevelTake(LEVEL_RANGES[level], prefetch, now);
    this.levels = { high: take('high'), normal: take('normal'), low: take('low') };
    this.all = Object.values(this.levels);
  }

  of(level: PriorityLevel): LevelTake {
    return this.levels[level];
  }

  /** From the start of each. */
  begin(): void {
    for (const level of this.all) level.begin();
  }

  wake(payload: string): void {
    if (!payload.startsWith(FROM_START)) return this.levels.normal.cursor.wake(false);
    const told = PRIORITY_LEVELS.filter((level) => payload.endsWith(level));
    for (const level of told.length > 0 ? told : PRIORITY_LEVELS) this.levels[level].cursor.wake(true);
  }

  poll(): void {
    for (const { cursor } of this.all) cursor.poll();
  }

  held(): number[] {
    return this.all.flatMap(({ held }) => [...held]);
  }

  holdNothing(): void {
    for (const { held } of this.all) held.clear();
  }

  /** False: it was not held. */
  drop(id: number): boolean {
    return this.levels[levelOfId(id)].held.delete(id);
  }
}
