import { useStats } from '../../api/queries/stats.ts';
import { RANGES, type ContractRange } from './search.ts';

const POLL_MS = 30_000;

/** What ended within the last hour, day or week. */
export function useRangeStats(range: ContractRange, ask: { readonly by?: 'contract'; readonly contract?: string }) {
  return useStats({ ...ask, last: RANGES[range] }, POLL_MS);
}
