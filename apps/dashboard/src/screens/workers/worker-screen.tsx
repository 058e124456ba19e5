import { getRouteApi, Link } from '@tanstack/react-router';
import type { RunningTask, ServedContractDocument, WorkerDetail } from '@lovage/http-api';
import { useWorker } from '../../api/queries/workers.ts';
import { QueueLink, TaskLink, TasksLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { TaskStateLabel } from '../../parts/task-state.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { plural } from '../../ui/format.ts';
import { Meter } from '../../ui/meter.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Details, Page, Panel } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Duration, RelativeTime, Since } from '../../ui/time/relative-time.tsx';
import { GONE_COLUMNS } from './worker-columns.tsx';
import { WorkerActs } from './worker-acts.tsx';
import { WorkerQuestions } from './worker-questions.tsx';
import { formatCpu, formatMemory, WorkerStateLabel } from './worker-state.tsx';

const route = getRouteApi('/frame/workers/$worker');

const TASKS: readonly Column<RunningTask>[] = [
  { key: 'id', header: 'Task', width: '130px', cell: ({ id }) => <TaskLink id={id} /> },
  { key: 'name', header: 'Contract', width: 'minmax(140px, 2fr)', phone: 'title', cell: ({ name }) => name },
  { key: 'state', header: 'State', width: '110px', cell: ({ state }) => <TaskStateLabel state={state} /> },
  { key: 'queue', header: 'Queue', cell: ({ queue }) => <QueueLink name={queue} /> },
  { key: 'attempt', header: 'Attempt', align: 'end', width: '80px', cell: ({ attempt }) => attempt },
  {
    key: 'age',
    header: 'Runs for',
    align: 'end',
    width: '110px',
    cell: ({ startedAt }) => (startedAt === null ? '–' : <Since value={startedAt} />),
  },
];

const SERVES: readonly Column<ServedContractDocument>[] = [
  {
    key: 'name',
    header: 'Contract',
    width: 'minmax(160px, 3fr)',
    phone: 'title',
    cell: ({ name }) => <TasksLink of={{ name }}>{name}</TasksLink>,
  },
  { key: 'version', header: 'Version', align: 'end', width: '90px', cell: ({ version }) => version },
  {
    key: 'fingerprint',
    header: 'Fingerprint of its input',
    width: 'minmax(150px, 1fr)',
    cell: ({ fingerprint }) => <code>{fingerprint ?? '–'}</code>,
  },
];

/** One start of a worker: how it does, what it runs, what it serves. */
export function WorkerScreen() {
  const { worker: asked } = route.useParams();
  const query = useWorker(asked);
  return (
    <Page
      title={query.data?.name ?? 'Worker'}
      about={
        <>
          <Link to="/workers">Workers</Link> · {query.data && <WorkerStateLabel status={query.data.status} />}
        </>
      }
      actions={query.data && <WorkerActs worker={query.data} />}
    >
      <Loaded query={query} what="The worker could not be read" lines={8}>
        {(worker) => (
          <>
            {worker.death && (
              <Notice tone="danger">
                <strong>Taken for dead.</strong> {worker.death.detail}
                {worker.held !== null && worker.held > 0 && ` It held ${plural(worker.held, 'task')}; others run them.`}
              </Notice>
            )}
            <Panel>
              <Details items={detailsOf(worker)} />
            </Panel>
            {worker.goneAt === null && worker.status !== 'dead' && <Tasks worker={worker} />}
            {worker.goneAt === null && worker.status !== 'dead' && <WorkerQuestions worker={worker} />}
            <Panel title="Contracts that it serves" flush>
              <DataTable
                label="Contracts that it serves"
                columns={SERVES}
                rows={servedBy(worker)}
                rowKey={({ name }) => name}
                empty={
                  <EmptyState title="It did not tell">
                    A worker of an older release does not tell its contracts.
                  </EmptyState>
                }
              />
            </Panel>
            {worker.earlier.length > 0 && (
              <Panel title="Other starts of this name" flush>
                <DataTable
                  label="Other starts of this name"
                  columns={GONE_COLUMNS}
                  rows={worker.earlier}
                  rowKey={({ id }) => id}
                  empty={null}
                />
              </Panel>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Tasks({ worker }: { worker: WorkerDetail }) {
  const more = worker.running - worker.tasks.length;
  return (
    <Panel title="Tasks that it runs" flush>
      <DataTable
        label="Tasks that it runs"
        columns={TASKS}
        rows={worker.tasks}
        rowKey={({ id }) => id}
        empty={<EmptyState title="It runs nothing at the moment" />}
        footer={more > 0 && `and ${plural(more, 'more task')}`}
      />
    </Panel>
  );
}

const servedBy = ({ serves, contracts }: WorkerDetail): readonly ServedContractDocument[] =>
  serves ?? (contracts ?? []).map((name) => ({ name, version: 1, fingerprint: null }));

function detailsOf(worker: WorkerDetail): readonly (readonly [string, React.ReactNode])[] {
  const { vitals, concurrency, running, queues, seenAt, goneAt } = worker;
  return [
    ['Slots used', <Meter value={vitals.slotsUsed ?? running} most={vitals.slots ?? concurrency} label="Slots used" />],
    ['Tasks that wait for a slot', vitals.waiting],
    ['CPU, of one core', formatCpu(vitals.cpu)],
    ['Memory', formatMemory(vitals.memoryMb)],
    ['Event loop, latest by', <Duration ms={vitals.eventLoopDelayMs} />],
    ['Event loop busy', vitals.eventLoopUse === null ? null : `${Math.round(vitals.eventLoopUse * 100)} %`],
    ['Last seen', seenAt && <RelativeTime value={seenAt} />],
    ['Started', <RelativeTime value={worker.startedAt} />],
    ...(goneAt === null ? [] : ([['Gone', <RelativeTime value={goneAt} />]] as const)),
    ['Host, process', `${worker.host ?? '–'}, ${worker.pid ?? '–'}`],
    [worker.kind === 'celery' ? 'Software' : 'Pool', worker.pool],
    [
      'Queues',
      <>
        {queues.map((queue, n) => (
          <span key={queue}>
            {n > 0 && ', '}
            <QueueLink name={queue} />
          </span>
        ))}
      </>,
    ],
    ['Id of this start', <code>{worker.id}</code>],
  ];
}
