import { useQueues } from '../../api/queries/lists.ts';
import { usePlatform } from '../../api/queries/platform.ts';
import { formatCount } from '../../ui/format.ts';

const POLL_MS = 30_000;

/** What needs a person, by the screen that tells more. */
export function useAttention(): Partial<Record<string, string>> {
  const platform = usePlatform();
  const queues = useQueues({}, { pollMs: POLL_MS });
  const dead = platform.data?.deadLetters.reduce((sum, { n }) => sum + n, 0) ?? 0;
  const unserved =
    queues.data?.items.filter((one) => one.consumers === 0 && one.waiting > one.later && !one.paused).length ?? 0;
  return {
    ...(dead > 0 && { '/dead-letters': formatCount(dead) }),
    ...(unserved > 0 && { '/queues': String(unserved) }),
  };
}
