import type { CatchUp, Timing } from '@lovage/task';
import { momentsBetween, newestMoments } from './moments.ts';

/**
 * A moment no later than this is on time and fires whatever the catch-up policy: the restart of a beat, or of Postgres, is
 * no outage. ms.
 */
export const ON_TIME_MS = 10_000;

export interface FiringDecision {
  /** Moments to fire now, in order. */
  readonly fire: readonly number[];
  /** Every moment up to here is decided with it. Not in the future. */
  readonly decidedUntil: number;
  /** More than {@link ON_TIME_MS} late moments were found. */
  readonly missed: boolean;
}

/**
 * What becomes of the moments that have passed since the last decision; undefined when none has. Pure: the same question
 * has the same answer in every beat.
 */
export function decide(
  timing: Timing,
  catchUp: CatchUp,
  decidedUntil: number,
  now: number,
): FiringDecision | undefined {
  const [first] = momentsBetween(timing, decidedUntil, now + 1, 1);
  if (first === undefined) return undefined;
  const edge = now - ON_TIME_MS;
  const onTime = momentsBetween(timing, Math.max(decidedUntil, edge - 1), now + 1);
  const missed = first < edge;
  const late = missed ? newestMoments(timing, decidedUntil, edge, wantedOf(catchUp, onTime.length > 0)) : [];
  return { fire: [...late, ...onTime], decidedUntil: onTime.at(-1) ?? edge - 1, missed };
}

/** How many of the missed moments fire. */
function wantedOf(catchUp: CatchUp, someOnTime: boolean): number {
  if (catchUp === 'skip') return 0;
  if (catchUp === 'latest') return someOnTime ? 0 : 1;
  return catchUp.all;
}
