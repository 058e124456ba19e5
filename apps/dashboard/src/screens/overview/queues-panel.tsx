import { Link } from '@tanstack/react-router';
import type { QueueDocument } from '@lovage/http-api';
import { useLiveQueues } from '../../api/queries/queues.ts';
import { QueueLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Count } from '../../ui/count.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { formatRate } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { Duration } from '../../ui/time/relative-time.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const MOST = 8;

const COLUMNS: readonly Column<QueueDocument>[] = [
  {
    key: 'name',
    header: 'Queue',
    width: 'minmax(90px, 2fr)',
    phone: 'title',
    cell: (queue) => (
      <>
        <QueueLink name={queue.name} /> {queue.paused && <Badge tone="warn">paused</Badge>}
      </>
    ),
  },
  {
    key: 'waiting',
    header: 'Waiting',
    width: '66px',
    align: 'end',
    cell: (queue) => <Count value={queue.waiting - queue.later} />,
  },
  {
    key: 'oldest',
    header: 'Oldest',
    width: '84px',
    align: 'end',
    cell: (queue) => <Duration ms={queue.oldestSeconds === null ? null : queue.oldestSeconds * 1_000} />,
  },
  { key: 'out', header: 'Ended', width: '68px', align: 'end', cell: (queue) => formatRate(queue.outPerSecond) },
];

/** Where tasks wait longest. */
export function QueuesPanel() {
  const queues = useLiveQueues();
  return (
    <Panel title="Longest wait by queue" actions={<Link to="/queues">All queues</Link>} flush>
      <Loaded query={queues} what="The queues could not be read">
        {({ items }) => (
          <DataTable
            bare
            label="Longest wait by queue"
            columns={COLUMNS}
            rows={[...items].sort((a, b) => (b.oldestSeconds ?? -1) - (a.oldestSeconds ?? -1)).slice(0, MOST)}
            rowKey={(queue) => queue.name}
            empty={
              <EmptyState title="There is no queue yet">
                A queue is there once a worker serves it or a task waits in it.
              </EmptyState>
            }
          />
        )}
      </Loaded>
    </Panel>
  );
}
