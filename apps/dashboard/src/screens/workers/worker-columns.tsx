import type { WorkerDocument } from '@lovage/http-api';
import { WorkerLink } from '../../parts/links.tsx';
import { Meter } from '../../ui/meter.tsx';
import type { Column } from '../../ui/table/column.ts';
import { Duration, RelativeTime, Since } from '../../ui/time/relative-time.tsx';
import { DEATH_WORDS, formatCpu, formatMemory, WorkerStateLabel } from './worker-state.tsx';

const name: Column<WorkerDocument> = {
  key: 'name',
  header: 'Worker',
  width: 'minmax(140px, 2fr)',
  phone: 'title',
  cell: (one) => <WorkerLink worker={one.id}>{one.name}</WorkerLink>,
};
const state: Column<WorkerDocument> = {
  key: 'state',
  header: 'State',
  width: '86px',
  cell: (one) => <WorkerStateLabel status={one.status} />,
};
const queues: Column<WorkerDocument> = {
  key: 'queues',
  header: 'Queues',
  width: 'minmax(76px, 1fr)',
  cell: (one) => <span title={one.queues.join(', ')}>{one.queues.join(', ')}</span>,
};

export const RUNNING_COLUMNS: readonly Column<WorkerDocument>[] = [
  name,
  state,
  {
    key: 'slots',
    header: 'Slots used',
    width: '126px',
    cell: ({ vitals, concurrency, running }) => (
      <Meter value={vitals.slotsUsed ?? running} most={vitals.slots ?? concurrency} label="Slots used" />
    ),
  },
  { key: 'running', header: 'Tasks', align: 'end', width: '56px', cell: ({ running }) => running },
  {
    key: 'oldest',
    header: 'Longest runs',
    align: 'end',
    width: '96px',
    cell: ({ oldestRunningAt }) =>
      oldestRunningAt === null ? <span className="muted">–</span> : <Since value={oldestRunningAt} />,
  },
  queues,
  { key: 'cpu', header: 'CPU', align: 'end', width: '58px', cell: ({ vitals }) => formatCpu(vitals.cpu) },
  {
    key: 'memory',
    header: 'Memory',
    align: 'end',
    width: '78px',
    cell: ({ vitals }) => formatMemory(vitals.memoryMb),
  },
  {
    key: 'loop',
    header: 'Loop delay',
    align: 'end',
    width: '86px',
    cell: ({ vitals }) => <Duration ms={vitals.eventLoopDelayMs} />,
  },
  {
    key: 'seen',
    header: 'Last seen',
    align: 'end',
    width: '84px',
    cell: ({ seenAt }) => (seenAt === null ? '–' : <RelativeTime value={seenAt} />),
  },
  {
    key: 'started',
    header: 'Started',
    align: 'end',
    width: '84px',
    cell: ({ startedAt }) => <RelativeTime value={startedAt} />,
  },
];

export const GONE_COLUMNS: readonly Column<WorkerDocument>[] = [
  name,
  state,
  {
    key: 'why',
    header: 'Why',
    width: 'minmax(200px, 2fr)',
    cell: ({ death }) =>
      death === null ? (
        <span className="muted">ended by itself</span>
      ) : (
        <span title={death.detail}>{DEATH_WORDS[death.code]}</span>
      ),
  },
  { key: 'held', header: 'Held tasks', align: 'end', width: '92px', cell: ({ held }) => held ?? '–' },
  queues,
  {
    key: 'seen',
    header: 'Last seen',
    align: 'end',
    width: '100px',
    cell: ({ seenAt }) => (seenAt === null ? '–' : <RelativeTime value={seenAt} />),
  },
  {
    key: 'started',
    header: 'Started',
    align: 'end',
    width: '100px',
    cell: ({ startedAt }) => <RelativeTime value={startedAt} />,
  },
];
