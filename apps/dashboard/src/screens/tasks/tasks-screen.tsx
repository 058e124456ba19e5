import { Link, useNavigate } from '@tanstack/react-router';
import type { ListedTask } from '@lovage/http-api';
import { useTasks } from '../../api/queries/tasks.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { TaskStateLabel } from '../../parts/task-state.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { cutMiddle } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';

const COLUMNS: readonly Column<ListedTask>[] = [
  { key: 'state', header: 'State', width: '110px', cell: (task) => <TaskStateLabel state={task.state} /> },
  { key: 'name', header: 'Contract', width: 'minmax(160px, 2fr)', phone: 'title', cell: (task) => task.name },
  {
    key: 'id',
    header: 'Id',
    width: '130px',
    cell: (task) => (
      <Link to="/tasks/$id" params={{ id: task.id }} className="mono" title={task.id}>
        {cutMiddle(task.id)}
      </Link>
    ),
  },
  { key: 'queue', header: 'Queue', cell: (task) => task.queue },
  { key: 'created', header: 'Created', width: '140px', cell: (task) => <RelativeTime value={task.createdAt} /> },
];

export function TasksScreen() {
  const navigate = useNavigate();
  const tasks = useTasks();
  return (
    <Page title="Tasks" fill>
      <Loaded query={tasks} what="The tasks could not be read">
        {({ items }) => (
          <DataTable
            fill
            label="Tasks"
            columns={COLUMNS}
            rows={items}
            rowKey={(task) => task.id}
            onOpen={(task) => void navigate({ to: '/tasks/$id', params: { id: task.id } })}
            empty={<EmptyState title="There is no task yet">Submit one from a contract.</EmptyState>}
          />
        )}
      </Loaded>
    </Page>
  );
}
