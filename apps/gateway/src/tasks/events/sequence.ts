import { MAX_TASK_LOG_LINES } from '@lovage/ports';

/** How far somebody has followed a task: the events of its row, and its log. */
export interface Position {
  /** Even: all events of half that version. Odd: all but the last of them. */
  readonly half: number;
  readonly logNo: number;
}

export const START: Position = { half: -1, logNo: 0 };
const LOG_NUMBERS = 10 ** String(MAX_TASK_LOG_LINES).length;

/**
 * A position as one number, the `id` of an event. Both parts only grow, so the numbers of a task's events rise; and they are
 * made of what the database keeps, so any gateway goes on from them.
 */
export function encodePosition({ half, logNo }: Position): number {
  return (half + 1) * LOG_NUMBERS + logNo;
}

/** Undefined for a text that is no such number. */
export function decodePosition(text: string): Position | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  const number = Number(text);
  return { half: Math.floor(number / LOG_NUMBERS) - 1, logNo: number % LOG_NUMBERS };
}
