import { levelOf, DEFAULT_PRIORITY, type PriorityLevel } from '@lovage/ports';

/**
 * A queue is ordered by the ids of its messages. What is more urgent gets an id from a lower range, so that the key of the table
 * orders by priority, then by age, and each level is a range of it. Numbers up to 2^49 are given within a range; the outermost ones
 * stay within what JavaScript keeps exactly.
 */
const RANGE = 2 ** 49;

/** What the id of a message of this priority is moved by. */
export function idShift(priority: number): number {
  return (DEFAULT_PRIORITY - within(priority)) * RANGE;
}

/** The ids of a level: above `after`, below `before`. */
export interface IdRange {
  readonly after: number;
  readonly before: number;
}

const ranges = {} as Record<PriorityLevel, IdRange>;
for (let priority = 9; priority >= 0; priority -= 1) {
  const [after, before] = [idShift(priority), idShift(priority) + RANGE];
  const level = levelOf(priority);
  ranges[level] = { after: ranges[level]?.after ?? after, before };
}

export const LEVEL_RANGES: Readonly<Record<PriorityLevel, IdRange>> = ranges;

export function levelOfId(id: number): PriorityLevel {
  return id < LEVEL_RANGES.normal.after ? 'high' : id < LEVEL_RANGES.normal.before ? 'normal' : 'low';
}

/** Producers of other kinds may go beyond our scale. */
function within(priority: number): number {
  return Math.min(9, Math.max(0, priority));
}
