import type { TaskDocument, ListedTask } from '@lovage/http-api';
import { Link, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { MAX_FAMILY, useRelated } from '../../../api/queries/task-family.ts';
import { Loaded } from '../../../parts/loaded.tsx';
import { TaskStateLabel } from '../../../parts/task-state.tsx';
import { EmptyState, Skeleton } from '../../../ui/feedback.tsx';
import { cutMiddle } from '../../../ui/format.ts';
import { Panel } from '../../../ui/page.tsx';
import type { Column } from '../../../ui/table/column.ts';
import { DataTable } from '../../../ui/table/data-table.tsx';
import { RelativeTime } from '../../../ui/time/relative-time.tsx';
import styles from '../task.module.css';

const FamilyGraph = lazy(() =>
  import('../family/family-graph.tsx').then((module) => ({ default: module.FamilyGraph })),
);

const COLUMNS: readonly Column<ListedTask>[] = [
  { key: 'state', header: 'State', width: '116px', cell: (task) => <TaskStateLabel state={task.state} /> },
  {
    key: 'name',
    header: 'Contract',
    width: 'minmax(140px, 2fr)',
    phone: 'title',
    cell: (task) => (
      <Link to="/tasks/$id" params={{ id: task.id }}>
        {task.name}
      </Link>
    ),
  },
  { key: 'id', header: 'Id', width: '130px', cell: (task) => <code title={task.id}>{cutMiddle(task.id)}</code> },
  {
    key: 'created',
    header: 'Created',
    width: '120px',
    align: 'end',
    cell: (task) => <RelativeTime value={task.createdAt} />,
  },
];

const CODE = `await task.submit(thumbnail, { path });`;

/** The tasks that this one belongs to: its root, parent and children, and what was run again. */
export function FamilyTab({ task }: { task: TaskDocument }) {
  const navigate = useNavigate();
  const root = task.rootId ?? task.id;
  const family = useRelated('root', root);
  return (
    <Loaded query={family} what="The family could not be read">
      {({ items, nextCursor }) => {
        const others = items.filter(({ id }) => id !== task.id);
        if (others.length === 0)
          return (
            <EmptyState title="It is alone" code={CODE}>
              Tasks that its handler submits stand here, and so does the task that submitted it.
            </EmptyState>
          );
        return (
          <div className={styles['stack']}>
            <Panel title="Who submitted whom" flush>
              <Suspense fallback={<Skeleton />}>
                <FamilyGraph
                  tasks={items.some(({ id }) => id === task.id) ? items : [...items, { ...task, omitted: [] }]}
                  current={task.id}
                />
              </Suspense>
            </Panel>
            {nextCursor !== null && (
              <p className="muted">
                The newest {MAX_FAMILY} are shown.{' '}
                <Link to="/tasks" search={{ q: `root:${root}` }}>
                  Show all in the list
                </Link>
              </p>
            )}
            <DataTable
              label="Tasks of the family"
              columns={COLUMNS}
              rows={items}
              rowKey={({ id }) => id}
              onOpen={({ id }) => void navigate({ to: '/tasks/$id', params: { id } })}
              empty={null}
            />
          </div>
        );
      }}
    </Loaded>
  );
}
