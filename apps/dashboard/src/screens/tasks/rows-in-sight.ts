import { useRef, useState } from 'react';
import type { MAX_WATCHED_TASKS } from '@lovage/http-api';
import { isTerminal } from '@lovage/task';
import type { ShownTask } from './live-rows.ts';

/** More rows than a screen shows. */
const MOST: typeof MAX_WATCHED_TASKS = 100;
/** Scrolling has stopped when nothing moved for so long, ms: the stream is opened anew for other rows. */
const SETTLED_MS = 400;

/** Tasks of these rows that the stream should name: those that can still change. */
export function watchedOf(rows: readonly ShownTask[]): string[] {
  return rows
    .filter(({ task, gone }) => !gone && !isTerminal(task.state))
    .slice(0, MOST)
    .map(({ task }) => task.id);
}

/**
 * The rows in sight that are watched by name, for the stream tells by itself of the newest tasks of a filter alone. They are kept
 * until a row comes into sight that is not among them. `asOf`: another one is another list.
 */
export function useRowsInSight(asOf: number): {
  readonly ids: readonly string[];
  readonly onRange: (rows: readonly ShownTask[]) => void;
} {
  const [state, setState] = useState<{ readonly asOf: number; readonly ids: readonly string[] }>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const known = state?.asOf === asOf ? state.ids : undefined;
  const onRange = (rows: readonly ShownTask[]): void => {
    clearTimeout(timer.current);
    const ids = watchedOf(rows);
    if (known && ids.every((id) => known.includes(id))) return;
    const watch = (): void => setState({ asOf, ids });
    // Those of a list that has just come are known before the stream is opened.
    if (known) timer.current = setTimeout(watch, SETTLED_MS);
    else watch();
  };
  return { ids: known ?? NOTHING, onRange };
}

const NOTHING: readonly string[] = [];
