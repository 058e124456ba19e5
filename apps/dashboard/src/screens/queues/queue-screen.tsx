import { getRouteApi, Link } from '@tanstack/react-router';
import type { QueueDocument } from '@lovage/http-api';
import { useQueue } from '../../api/queries/queues.ts';
import { useLiveWorkers } from '../../api/queries/workers.ts';
import { EndedChart } from '../../parts/ended-chart.tsx';
import { TasksLink, WorkerLink } from '../../parts/links.tsx';
import { RUNNING_STATES, WAITING_STATES } from '../../parts/task-filter.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Count } from '../../ui/count.tsx';
import { formatCount, formatRate, plural } from '../../ui/format.ts';
import { Meter } from '../../ui/meter.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Details, Page, Panel } from '../../ui/page.tsx';
import { Duration, RelativeTime } from '../../ui/time/relative-time.tsx';
import { QueueActs } from './queue-acts.tsx';
import { QueueStateLabel, stateOfQueue } from './queue-state.tsx';
import styles from './queue.module.css';

const route = getRouteApi('/frame/queues/$name');

/** One queue: its numbers, who serves it, what ended in it. */
export function QueueScreen() {
  const { name } = route.useParams();
  const queue = useQueue(name);
  return (
    <Page
      title={name}
      about={
        <>
          <Link to="/queues">Queues</Link> · {queue.data && <QueueStateLabel queue={queue.data} />}
        </>
      }
      actions={queue.data && <QueueActs queue={queue.data} />}
    >
      <Loaded query={queue} what="The queue could not be read">
        {(data) => (
          <>
            <Words queue={data} />
            <Panel>
              <Details items={detailsOf(data)} />
            </Panel>
            <Serving queue={data} />
            <EndedChart title="Ended in the last hour, by state" queue={name} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Words({ queue }: { queue: QueueDocument }) {
  const { paused, waiting, later, name } = queue;
  if (paused)
    return (
      <Notice>
        Paused <RelativeTime value={paused.at} />
        {paused.reason === null ? '' : `: “${paused.reason}”`}. {plural(waiting, 'task')}{' '}
        {waiting === 1 ? 'waits' : 'wait'}; what is submitted waits too.
      </Notice>
    );
  if (stateOfQueue(queue).unserved)
    return (
      <Notice tone="danger">
        <strong>No consumers.</strong> {plural(waiting - later, 'task')} could run and no worker serves this queue.
        Start one with <code>WORKER_QUEUES={name}</code>.
      </Notice>
    );
  return null;
}

function detailsOf(queue: QueueDocument): readonly (readonly [string, React.ReactNode])[] {
  const { name, waiting, later, running, oldestSeconds, unackedFrom } = queue;
  return [
    [
      'Waiting',
      <TasksLink of={{ queue: name, states: WAITING_STATES }}>
        <Count value={waiting} unit={waiting === 1 ? 'task' : 'tasks'} />
      </TasksLink>,
    ],
    ['Of them later', <Count value={later} unit="delayed or before a retry" />],
    [
      'Running',
      <TasksLink of={{ queue: name, states: RUNNING_STATES }}>
        <Count value={running} unit={running === 1 ? 'task' : 'tasks'} />
      </TasksLink>,
    ],
    ['Oldest that could run waits', <Duration ms={oldestSeconds === null ? null : oldestSeconds * 1_000} />],
    ['Ready at the broker', <Count value={queue.ready} unit={queue.ready === null ? undefined : 'messages'} />],
    ['Ready by priority', queue.readyByPriority && levelsInWords(queue.readyByPriority)],
    [
      unackedFrom === 'broker' ? 'Unacked' : 'Unacked, by running tasks',
      <Count value={queue.unacked} unit={queue.unacked === null ? undefined : 'messages'} />,
    ],
    ['Consumers', <Count value={queue.consumers} />],
    ['In', `${formatRate(queue.inPerSecond)} in the last minute`],
    ['Out', `${formatRate(queue.outPerSecond)} in the last minute`],
  ];
}

function levelsInWords({ high, normal, low }: NonNullable<QueueDocument['readyByPriority']>): string {
  return `${formatCount(high)} high, ${formatCount(normal)} normal, ${formatCount(low)} low`;
}

function Serving({ queue }: { queue: QueueDocument }) {
  const workers = useLiveWorkers();
  const serving = (workers.data?.items ?? []).filter(({ queues }) => queues.includes(queue.name));
  return (
    <Panel title="Workers that serve it">
      {serving.length === 0 ? (
        <p className="muted">None{queue.consumers ? '; consumers of other programs, such as Celery, do' : ''}.</p>
      ) : (
        <ul className={styles['workers']}>
          {serving.map(({ id, name, vitals, concurrency, running }) => (
            <li key={id}>
              <WorkerLink worker={id}>{name}</WorkerLink>
              <Meter value={vitals.slotsUsed ?? running} most={vitals.slots ?? concurrency} label="Slots used" />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
