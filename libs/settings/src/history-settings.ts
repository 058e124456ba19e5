import { durationMs } from '@lovage/foundation';
import { durationFrom } from './parsers.ts';
import type { Reader } from './reader.ts';

/** How long beat keeps counts of ended tasks. */
export interface HistorySettings {
  /** `HISTORY_MINUTES_RETENTION`, ms. Default 30 days: counts of minutes, and groups of failures from when they were last seen. */
  readonly minutesMs: number;
  /** `HISTORY_HOURS_RETENTION`, ms. Default 365 days: counts of hours and days. */
  readonly hoursMs: number;
}

const [LEAST, MOST] = ['1h', '3650d'] as const;
const RULE = `a duration such as 30d or 36h, from ${LEAST} to ${MOST}`;

export function readHistorySettings(reader: Reader): HistorySettings {
  const kept = durationFrom(LEAST, MOST);
  return {
    minutesMs: reader.value('HISTORY_MINUTES_RETENTION', RULE, kept) ?? durationMs('30d'),
    hoursMs: reader.value('HISTORY_HOURS_RETENTION', RULE, kept) ?? durationMs('365d'),
  };
}
