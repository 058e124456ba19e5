import { Link } from '@tanstack/react-router';
import type { ListedTask } from '@lovage/http-api';
import { formatJson } from '../../api/json.ts';
import { TaskStateLabel } from '../../parts/task-state.tsx';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { cx } from '../../ui/cx.ts';
import { cutMiddle, formatBytes } from '../../ui/format.ts';
import type { Column } from '../../ui/table/column.ts';
import { Duration, RelativeTime, Since } from '../../ui/time/relative-time.tsx';
import type { ShownTask } from './live-rows.ts';
import styles from './tasks.module.css';

/** Signs of a value that a row shows; more would not fit on any screen. */
const PREVIEW = 300;

/** What tells most of the task in one line: why it failed, how far it is, else what it was given. */
function Details({ task }: { task: ListedTask }) {
  const { error, state, progress } = task;
  if (error !== null && state !== 'SUCCESS')
    return (
      <span className={cx(styles['cut'], styles['failed'])} title={error.message}>
        <strong>{error.type}</strong> {error.message.slice(0, PREVIEW)}
      </span>
    );
  if (state === 'PROGRESS' && progress !== null) return <Preview value={progress} />;
  return task.omitted.includes('input') ? (
    <span className="muted">more than {formatBytes(8192)}: open the task</span>
  ) : (
    <Preview value={task.input} />
  );
}

function Preview({ value }: { value: unknown }) {
  if (value === null) return dash;
  const text = formatJson(value);
  return <code className={styles['cut']}>{text.slice(0, PREVIEW)}</code>;
}

/** How long the current or latest attempt takes or took. */
function Ran({ task }: { task: ListedTask }) {
  if (task.startedAt === null) return <span className="muted">–</span>;
  if (task.state === 'STARTED' || task.state === 'PROGRESS') return <Since value={task.startedAt} />;
  if (task.finishedAt === null) return <span className="muted">–</span>;
  return <Duration ms={Math.max(0, Date.parse(task.finishedAt) - Date.parse(task.startedAt))} />;
}

const dash = <span className="muted">–</span>;

export const TASK_COLUMNS: readonly Column<ShownTask>[] = [
  {
    key: 'state',
    header: 'State',
    width: '108px',
    fixed: true,
    phone: 'bare',
    cell: ({ task, gone }) => (
      <span className={styles['stateCell']}>
        <TaskStateLabel state={task.state} />
        {gone && <span className={styles['gone']}>{gone === 'deleted' ? 'deleted' : 'left'}</span>}
      </span>
    ),
  },
  {
    key: 'name',
    header: 'Contract',
    width: 'minmax(120px, 1.3fr)',
    phone: 'title',
    fixed: true,
    cell: ({ task }) => (
      <Link to="/tasks/$id" params={{ id: task.id }} className={cx(styles['cut'], styles['name'])} title={task.name}>
        {task.name}
      </Link>
    ),
  },
  {
    key: 'id',
    header: 'Id',
    width: '136px',
    phone: 'hide',
    cell: ({ task }) => (
      <span className={styles['id']}>
        <code title={task.id}>{cutMiddle(task.id)}</code>
        <CopyButton value={task.id} label="Copy the id" />
      </span>
    ),
  },
  {
    key: 'details',
    header: 'Details',
    width: 'minmax(120px, 2.4fr)',
    phone: 'wide',
    cell: ({ task }) => <Details task={task} />,
  },
  {
    key: 'queue',
    header: 'Queue',
    width: 'minmax(64px, 0.6fr)',
    phone: 'hide',
    cell: ({ task }) => <Cut text={task.queue} />,
  },
  { key: 'ran', header: 'Ran', width: '76px', align: 'end', cell: ({ task }) => <Ran task={task} /> },
  {
    key: 'attempt',
    header: 'Attempt',
    width: '68px',
    align: 'end',
    optional: true,
    cell: ({ task }) => (task.attempt === 0 ? dash : task.attempt),
  },
  {
    key: 'created',
    header: 'Created',
    sort: 'created',
    width: '96px',
    align: 'end',
    phone: 'bare',
    cell: ({ task }) => <RelativeTime value={task.createdAt} />,
  },
  {
    key: 'ended',
    header: 'Ended',
    sort: 'ended',
    width: '112px',
    align: 'end',
    optional: true,
    cell: ({ task }) => (task.finishedAt === null ? dash : <RelativeTime value={task.finishedAt} />),
  },
  {
    key: 'due',
    header: 'Not before',
    width: '112px',
    align: 'end',
    optional: true,
    cell: ({ task }) => (task.eta === null ? dash : <RelativeTime value={task.eta} />),
  },
  {
    key: 'worker',
    header: 'Worker',
    optional: true,
    cell: ({ task }) => (task.worker === null ? dash : <Cut text={task.worker} />),
  },
  {
    key: 'priority',
    header: 'Priority',
    width: '70px',
    align: 'end',
    optional: true,
    cell: ({ task }) => task.priority ?? dash,
  },
  {
    key: 'tags',
    header: 'Tags',
    optional: true,
    cell: ({ task }) => (
      <span className={styles['cut']} title={task.tags.join(' ')}>
        {task.tags.map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
      </span>
    ),
  },
];

function Cut({ text }: { text: string }) {
  return (
    <span className={styles['cut']} title={text}>
      {text}
    </span>
  );
}
