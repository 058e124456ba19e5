import { Link } from '@tanstack/react-router';
import type { QueueDocument } from '@lovage/http-api';
import { TasksLink } from '../../parts/links.tsx';
import { RUNNING_STATES, WAITING_STATES } from '../../parts/task-filter.ts';
import { Count } from '../../ui/count.tsx';
import { formatRate } from '../../ui/format.ts';
import { Sparkline } from '../../ui/chart/sparkline.tsx';
import type { Column } from '../../ui/table/column.ts';
import { Duration } from '../../ui/time/relative-time.tsx';
import { QueueActs } from './queue-acts.tsx';
import { QueueStateLabel } from './queue-state.tsx';

export interface QueueRow {
  readonly queue: QueueDocument;
  /** Tasks that ended, of each step of the last hour. */
  readonly ended: readonly (number | null)[] | undefined;
  readonly approximate: boolean;
}

export const QUEUE_COLUMNS: readonly Column<QueueRow>[] = [
  {
    key: 'name',
    header: 'Queue',
    width: 'minmax(110px, 2fr)',
    phone: 'title',
    cell: ({ queue: { name } }) => (
      <Link to="/queues/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  {
    key: 'state',
    header: 'State',
    width: 'minmax(112px, 1.4fr)',
    cell: ({ queue }) => <QueueStateLabel queue={queue} />,
  },
  {
    key: 'waiting',
    header: 'Waiting',
    align: 'end',
    width: '72px',
    cell: ({ queue: { name, waiting } }) =>
      waiting === 0 ? (
        '0'
      ) : (
        <TasksLink of={{ queue: name, states: WAITING_STATES }}>
          <Count value={waiting} />
        </TasksLink>
      ),
  },
  {
    key: 'running',
    header: 'Running',
    align: 'end',
    width: '74px',
    cell: ({ queue: { name, running } }) =>
      running === 0 ? (
        '0'
      ) : (
        <TasksLink of={{ queue: name, states: RUNNING_STATES }}>
          <Count value={running} />
        </TasksLink>
      ),
  },
  {
    key: 'oldest',
    header: 'Oldest waits',
    align: 'end',
    width: '98px',
    cell: ({ queue: { oldestSeconds } }) => <Duration ms={oldestSeconds === null ? null : oldestSeconds * 1000} />,
  },
  { key: 'ready', header: 'Ready', align: 'end', width: '74px', cell: ({ queue }) => <Count value={queue.ready} /> },
  {
    key: 'unacked',
    header: 'Unacked',
    align: 'end',
    width: '74px',
    cell: ({ queue }) => <Count value={queue.unacked} />,
  },
  {
    key: 'consumers',
    header: 'Consumers',
    align: 'end',
    width: '86px',
    cell: ({ queue: { consumers } }) => <Count value={consumers} />,
  },
  {
    key: 'rates',
    header: 'In, out',
    align: 'end',
    width: '112px',
    cell: ({ queue: { inPerSecond, outPerSecond } }) => `${formatRate(inPerSecond)}, ${formatRate(outPerSecond)}`,
  },
  {
    key: 'hour',
    header: 'Last hour',
    width: '112px',
    phone: 'hide',
    cell: ({ ended }) => ended && <Sparkline label="Tasks ended in each part of the last hour" values={ended} />,
  },
  {
    key: 'acts',
    header: 'Actions',
    phone: 'bare',
    width: '64px',
    align: 'end',
    fixed: true,
    cell: ({ queue, approximate }) => <QueueActs queue={queue} approximate={approximate} menu />,
  },
];
