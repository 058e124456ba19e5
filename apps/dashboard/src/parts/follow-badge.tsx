import type { FollowStatus } from '../api/live/follow.ts';
import { LiveBadge } from '../ui/live-badge.tsx';
import { useNow } from '../ui/time/now.ts';

/** How a stream does; nothing where none is needed. */
export function FollowBadge({ status }: { status: FollowStatus }) {
  const now = useNow();
  if (status.kind === 'idle') return null;
  if (status.kind === 'waiting')
    return <LiveBadge state={{ kind: 'waiting', seconds: Math.max(1, Math.ceil((status.until - now) / 1_000)) }} />;
  return <LiveBadge state={{ kind: status.kind === 'ended' ? 'paused' : status.kind }} />;
}
