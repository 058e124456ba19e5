import { useState } from 'react';
import type { ListedTask, LiveTask, LiveTasks } from '@lovage/http-api';
import { isTerminal } from '@lovage/task';
import { useLiveTasks } from '../../api/live/use-live.ts';
import type { QueryValues } from '../../api/send.ts';

/** A row of the list: the task as it is now. */
export interface ShownTask {
  readonly task: ListedTask;
  /** It no longer fits the filter, or was deleted; it stays where it is until the list is read anew. */
  readonly gone?: 'left' | 'deleted';
}

interface Changes {
  readonly changed: ReadonlyMap<string, LiveTask>;
  readonly gone: ReadonlyMap<string, 'left' | 'deleted'>;
  readonly fresh: ReadonlySet<string>;
  /** More changed than the stream told. */
  readonly more: boolean;
}

const NONE: Changes = { changed: new Map(), gone: new Map(), fresh: new Set(), more: false };
/** Changes that are kept: the newest of more rows than are ever in sight. */
const MAX_KEPT = 5_000;
/** New ones are counted up to here; beyond it stands `1,000+ new`. */
const MAX_FRESH = 1_000;

export interface LiveRows {
  readonly show: (task: ListedTask) => ShownTask;
  /** How many tasks came that the list does not have. */
  readonly fresh: number;
  readonly more: boolean;
}

/**
 * What changed since the list was read: rows change in place, new ones are counted. Nothing moves. `asOf`: another one means
 * that the list was read anew. `has`: whether the list has a task; `newest`: the time of its first one.
 */
export function useLiveRows(
  filter: QueryValues,
  asOf: number,
  list: {
    readonly has: (id: string) => boolean;
    readonly newest: string | undefined;
    readonly ready: boolean;
    /** Those of it that are told of however old they are. */
    readonly watch: readonly string[];
  },
): LiveRows {
  const [state, setState] = useState({ asOf, changes: NONE });
  const changes = state.asOf === asOf ? state.changes : NONE;
  useLiveTasks(filter, (data) => setState({ asOf, changes: withEvent(changes, data, list) }), {
    enabled: list.ready,
    watch: list.watch,
  });
  return {
    show: (task) => shown(task, changes),
    fresh: changes.fresh.size,
    more: changes.more,
  };
}

function withEvent(
  before: Changes,
  { whole, items, left, more }: LiveTasks,
  { has, newest }: { readonly has: (id: string) => boolean; readonly newest: string | undefined },
): Changes {
  const changed = new Map(before.changed);
  const gone = new Map(before.gone);
  const fresh = new Set(before.fresh);
  for (const task of items) {
    gone.delete(task.id);
    if (has(task.id)) keep(changed, task.id, task);
    else if (whole ? newest === undefined || task.createdAt >= newest : task.isNew) fresh.add(task.id);
  }
  for (const { id, state } of left) {
    fresh.delete(id);
    if (!has(id)) continue;
    keep(gone, id, state === null ? 'deleted' : 'left');
    const known = changed.get(id);
    if (state !== null) keep(changed, id, { ...(known ?? EMPTY), id, state });
  }
  const many = fresh.size > MAX_FRESH;
  return { changed, gone, fresh: many ? before.fresh : fresh, more: before.more || many || (more && !whole) };
}

const EMPTY = { name: '', retries: -1, createdAt: '', startedAt: null, finishedAt: null, isNew: false };

function keep<V>(map: Map<string, V>, id: string, value: V): void {
  map.delete(id);
  map.set(id, value);
  if (map.size > MAX_KEPT) map.delete(map.keys().next().value!);
}

function shown(task: ListedTask, { changed, gone }: Changes): ShownTask {
  const live = changed.get(task.id);
  const reason = gone.get(task.id);
  if (!live && !reason) return { task };
  const now: ListedTask = !live
    ? task
    : {
        ...task,
        state: live.state,
        retries: Math.max(task.retries, live.retries),
        startedAt: live.startedAt ?? task.startedAt,
        finishedAt: live.finishedAt ?? (isTerminal(live.state) ? task.finishedAt : null),
        attempt: live.startedAt !== null && live.retries >= 0 ? Math.max(task.attempt, live.retries + 1) : task.attempt,
      };
  return { task: now, ...(reason && { gone: reason }) };
}
