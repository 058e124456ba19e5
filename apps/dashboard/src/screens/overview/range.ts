import { one, oneOf, type Search } from '../../app/search-params.ts';
import type { StatsAsk } from '../../api/queries/stats.ts';

export const RANGES = ['hour', 'day', 'week'] as const;
export type OverviewRange = (typeof RANGES)[number];

/** The search of the screen: a range that ends now, or a part that was selected in a chart. */
export interface OverviewSearch {
  readonly range?: OverviewRange;
  /** ISO 8601, both or none. */
  readonly from?: string;
  readonly to?: string;
  /** Which times the second chart shows; left out: how long tasks ran. */
  readonly times?: 'run' | 'wait';
}

const SECONDS: Readonly<Record<OverviewRange, number>> = { hour: 3_600, day: 86_400, week: 604_800 };
/** Seconds of a point, so that there are some hundred of them. The week in hours: its minutes need not be read. */
const STEPS: Readonly<Record<OverviewRange, number>> = { hour: 60, day: 900, week: 3_600 };
const MINUTE_MS = 60_000;
/** Points of a part that was selected, about. */
const POINTS = 120;

export function overviewSearch(search: Search): OverviewSearch {
  const from = moment(search['from']);
  const to = moment(search['to']);
  const times = oneOf(search['times'], ['wait'] as const);
  if (from !== undefined && to !== undefined && from < to) return { from, to, ...(times && { times }) };
  const range = oneOf(search['range'], RANGES);
  return { ...(range && { range }), ...(times && { times }) };
}

function moment(value: Search[string]): string | undefined {
  const text = one(value);
  return text !== undefined && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined;
}

/** What to ask the gateway for. */
export function statsOf({ range = 'hour', from, to }: OverviewSearch): StatsAsk {
  if (from !== undefined && to !== undefined) {
    const seconds = (Date.parse(to) - Date.parse(from)) / 1_000;
    const step = Math.max(60, Math.ceil(seconds / POINTS / 60) * 60);
    return { from, to, step: step > 3_600 ? Math.ceil(step / 3_600) * 3_600 : step };
  }
  return { last: SECONDS[range], step: STEPS[range] };
}

/** A part that was selected in a chart, at least two minutes of it; undefined: too little. */
export function selectedPart(from: number, to: number): OverviewSearch | undefined {
  const start = Math.floor((from * 1_000) / MINUTE_MS) * MINUTE_MS;
  const end = Math.ceil((to * 1_000) / MINUTE_MS) * MINUTE_MS;
  if (end - start < 2 * MINUTE_MS) return undefined;
  return { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
}
