import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import type { LiveEvents, LiveTopic } from '@lovage/http-api';
import type { QueryValues } from '../send.ts';
import { queryString } from '../send.ts';
import type { FollowStatus } from './follow.ts';
import { liveStream, type LostConnection } from './live-stream.ts';

/** How the page's stream does. */
export function useLiveStatus(): FollowStatus {
  return useSyncExternalStore(liveStream.subscribe, () => liveStream.status);
}

/** Whether the page's stream is lost, and when it tries again. */
export function useLost(): LostConnection | undefined {
  return useSyncExternalStore(liveStream.subscribe, () => liveStream.lost);
}

/** Calls `onData` with what the stream tells of a topic, for as long as the component is there and `enabled`. */
export function useLive<T extends Exclude<LiveTopic, 'tasks'>>(
  topic: T,
  onData: (data: LiveEvents[T]) => void,
  enabled = true,
): void {
  const receive = useEffectEvent(onData);
  useEffect(() => {
    if (!enabled) return;
    return liveStream.need({ on: { [topic]: (data: LiveEvents[T]) => receive(data) } });
  }, [topic, enabled]);
}

/** The same of the tasks that a filter of `GET /api/tasks` matches: the newest, and those that `watch` names. */
export function useLiveTasks(
  filter: QueryValues,
  onData: (data: LiveEvents['tasks']) => void,
  { enabled = true, watch }: { readonly enabled?: boolean; readonly watch?: readonly string[] } = {},
): void {
  const receive = useEffectEvent(onData);
  const key = queryString({ ...filter, watch });
  const current = useEffectEvent(() => ({ filter, ...(watch && { watch }) }));
  useEffect(() => {
    if (!enabled) return;
    return liveStream.need({ on: { tasks: (data) => receive(data) }, ...current() });
  }, [key, enabled]);
}
