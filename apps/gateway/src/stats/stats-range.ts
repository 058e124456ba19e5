import { MAX_STATS_POINTS, type StatsQuery } from '@lovage/http-api';
import type { HistorySpan, StatsRequest } from '@lovage/ports';
import { queryInvalid } from '../http/parse-query.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Of a longer time hours are read where the step allows it, though minutes would give a finer beginning. */
const LONG_MS = 48 * HOUR_MS;
/** The same of days. */
const VERY_LONG_MS = 60 * DAY_MS;
/** Steps that are taken where none is asked for, s. */
const STEPS = [60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_678_400];
const ABOUT = 120;

export type StatsRange = Pick<StatsRequest, 'from' | 'to' | 'stepMs' | 'grain'> & { readonly points: number };

/** Which times a query means, and of which counts they are read. @throws ProblemError `query_invalid` */
export function statsRange(
  query: Pick<StatsQuery, 'from' | 'to' | 'step'>,
  now: number,
  { minutesFrom }: Pick<HistorySpan, 'minutesFrom'>,
): StatsRange {
  const { to = now, from = to - HOUR_MS } = query;
  if (from >= to) throw invalid('from', 'must be before `to`');
  const isOld = minutesFrom !== null && from < minutesFrom;
  const stepS = query.step ?? usualStep(to - from, isOld);
  const stepMs = stepS * 1000;
  const hourly = stepMs % HOUR_MS === 0;
  if (isOld && !hourly)
    throw invalid('step', `must be a multiple of 3600: minutes before ${iso(minutesFrom)} are not kept any more`);
  const isDaily = stepMs % DAY_MS === 0 && (from % DAY_MS === 0 || to - from > VERY_LONG_MS);
  const isHourly = hourly && (isOld || from % HOUR_MS === 0 || to - from > LONG_MS);
  const grain = isDaily ? 'day' : isHourly ? 'hour' : 'minute';
  const grainMs = { day: DAY_MS, hour: HOUR_MS, minute: MINUTE_MS }[grain];
  const start = Math.floor(from / grainMs) * grainMs;
  const points = Math.ceil((to - start) / stepMs);
  if (points > MAX_STATS_POINTS)
    throw invalid('step', `makes ${points} points of this time; at most ${MAX_STATS_POINTS} are given`);
  return { from: start, to: start + points * stepMs, stepMs, grain, points };
}

function usualStep(lengthMs: number, isOld: boolean): number {
  const fits = STEPS.find((step) => lengthMs <= ABOUT * step * 1000 && !(isOld && step % 3600 !== 0));
  return fits ?? STEPS.at(-1)!;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const invalid = (parameter: string, message: string) => queryInvalid([{ path: `query.${parameter}`, message }]);
