import { useDeadLetters, useQueues } from '../../api/queries/lists.ts';

/** Counted up to here; beyond it is "100+". */
const MOST = 100;
const POLL_MS = 30_000;

/** What needs a person, by the screen that tells more. */
export function useAttention(): Partial<Record<string, string>> {
  const letters = useDeadLetters({ redriven: 'false', limit: MOST }, { pollMs: POLL_MS });
  const queues = useQueues({}, { pollMs: POLL_MS });
  const dead = letters.data?.items.length ?? 0;
  const unserved =
    queues.data?.items.filter((one) => one.consumers === 0 && one.waiting > 0 && !one.paused).length ?? 0;
  return {
    ...(dead > 0 && { '/dead-letters': dead >= MOST ? `${MOST}+` : String(dead) }),
    ...(unserved > 0 && { '/queues': String(unserved) }),
  };
}
