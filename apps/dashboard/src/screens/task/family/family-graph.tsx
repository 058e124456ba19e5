import { Link } from '@tanstack/react-router';
import type { ListedTask } from '@lovage/http-api';
import { useMemo } from 'react';
import { STATE_TONES } from '../../../parts/task-state.tsx';
import { cx } from '../../../ui/cx.ts';
import { StateIcon } from '../../../ui/state-icon.tsx';
import { cutMiddle } from '../../../ui/format.ts';
import styles from './family-graph.module.css';
import { familyLayout, NODE, type Point } from './family-layout.ts';

/** The tasks of a family as a graph; a line leads from the one that submitted to the one that it submitted. */
export function FamilyGraph({ tasks, current }: { tasks: readonly ListedTask[]; current: string }) {
  // States change, places do not.
  const shape = tasks.map(({ id, parentId, retriedFrom }) => `${id}${parentId}${retriedFrom}`).join();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the shape says when the places change
  const placed = useMemo(() => familyLayout(tasks), [shape]);
  const known = new Map(tasks.map((task) => [task.id, task]));
  return (
    <div className={styles['scroller']} tabIndex={0} role="group" aria-label="Graph of the family">
      <div className={styles['graph']} style={{ width: placed.width, height: placed.height }}>
        <svg width={placed.width} height={placed.height} aria-hidden>
          {placed.edges.map(({ key, kind, from, to }) => (
            <path key={key} d={pathOf(from, to)} className={styles[kind]} />
          ))}
        </svg>
        {placed.nodes.map(({ task: { id, name }, x, y }) => {
          const { state } = known.get(id) ?? { state: 'PENDING' as const };
          return (
            <Link
              key={id}
              to="/tasks/$id"
              params={{ id }}
              search={{ tab: 'family' }}
              className={cx(styles['node'], id === current && styles['current'])}
              aria-current={id === current ? 'true' : undefined}
              style={{ left: x, top: y, width: NODE.width, height: NODE.height }}
              title={`${name}\n${id}\n${state}`}
            >
              <StateIcon tone={STATE_TONES[state]} label={state} />
              <span className={styles['text']}>
                <span className={styles['name']}>{name}</span>
                <span className={styles['id']}>{cutMiddle(id)}</span>
              </span>
            </Link>
          );
        })}
      </div>
    </div>
  );
}

/** A line from the right of a task to the left of another. */
function pathOf(from: Point, to: Point): string {
  const middle = (from.x + to.x) / 2;
  return `M${from.x},${from.y}C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`;
}
