import { useNavigate } from '@tanstack/react-router';
import { useLiveQueues } from '../../api/queries/queues.ts';
import { useStats } from '../../api/queries/stats.ts';
import { useMay } from '../../api/use-session.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { QueueLink } from '../../parts/links.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { plural } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { DataTable } from '../../ui/table/data-table.tsx';
import { QUEUE_COLUMNS } from './queue-columns.tsx';
import { stateOfQueue } from './queue-state.tsx';

/** The history grows by the minute. */
const STATS_POLL_MS = 30_000;

/** Every queue: who takes from it, what waits and for how long. */
export function QueuesScreen() {
  const list = useLiveQueues();
  const stats = useStats({ by: 'queue', step: 120 }, STATS_POLL_MS);
  const navigate = useNavigate();
  const may = useMay('operator');
  const ended = new Map(stats.data?.series.map((one) => [one.key, one.ended]));
  // A queue without a series has ended nothing: a line of zeros, if the time is known at all.
  const none = stats.data?.total.ended.map((value) => (value === null ? null : 0));
  const columns = may ? QUEUE_COLUMNS : QUEUE_COLUMNS.filter(({ key }) => key !== 'acts');
  return (
    <Page title="Queues">
      <Loaded query={list} what="The queues could not be read">
        {({ items, approximate }) => (
          <>
            {items
              .filter((queue) => stateOfQueue(queue).unserved)
              .map(({ name, waiting, later }) => (
                <Notice key={name} tone="danger">
                  <strong>
                    Nobody takes from <QueueLink name={name} />
                  </strong>
                  : {plural(waiting - later, 'task')} {waiting - later === 1 ? 'waits' : 'wait'} and no worker serves
                  it. Start a worker with <code>WORKER_QUEUES={name}</code>, or add the name to those of one that runs.
                </Notice>
              ))}
            {approximate && (
              <Notice tone="info">More than 20,000 tasks are live: waiting and running are estimates.</Notice>
            )}
            <DataTable
              label="Queues"
              columns={columns}
              rows={items.map((queue) => ({ queue, approximate, ended: ended.get(queue.name) ?? none }))}
              rowKey={({ queue }) => queue.name}
              onOpen={({ queue: { name } }) => void navigate({ to: '/queues/$name', params: { name } })}
              empty={
                <EmptyState title="There is no queue yet">
                  A queue is there as soon as a contract names it, a worker serves it or a task is sent to it.
                </EmptyState>
              }
            />
          </>
        )}
      </Loaded>
    </Page>
  );
}
