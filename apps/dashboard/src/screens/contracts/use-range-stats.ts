import { useState } from 'react';
import { useStats } from '../../api/queries/stats.ts';
import { useNow } from '../../ui/time/now.ts';
import { RANGES, type ContractRange } from './search.ts';

/** How often a range moves on, ms: what is asked for changes with it. */
const STEP_MS = 30_000;

/** What ended within the last hour, day or week. */
export function useRangeStats(range: ContractRange, ask: { readonly by?: 'contract'; readonly contract?: string }) {
  const now = useNow(STEP_MS);
  const [first] = useState(now);
  const at = Math.max(first, now);
  return useStats({ ...ask, from: new Date(at - RANGES[range] * 1_000).toISOString() }, false);
}
