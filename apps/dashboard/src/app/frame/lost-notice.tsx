import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { LostConnection } from '../../api/live/live-stream.ts';
import { StaleNote } from '../../ui/feedback.tsx';
import { useNow } from '../../ui/time/now.ts';

/**
 * The page is cut off: why, when it tries again, how old what is shown is. Stands below the content, so that nothing moves under
 * the pointer. When it goes, what could not be read meanwhile is read.
 */
export function LostNotice({ lost: { reason, heardAt, nextTry } }: { lost: LostConnection }) {
  const client = useQueryClient();
  const now = useNow();
  useEffect(
    () => () => void client.refetchQueries({ type: 'active', predicate: ({ state }) => state.status === 'error' }),
    [client],
  );
  const next = nextTry === undefined ? 'now' : `in ${Math.max(1, Math.ceil((nextTry - now) / 1_000))} s`;
  return (
    <StaleNote since={heardAt}>
      {reason}. The page tries again {next}.
    </StaleNote>
  );
}
