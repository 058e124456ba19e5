import { Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { ScheduleDocument } from '@lovage/http-api';
import { useSchedules } from '../../api/queries/lists.ts';
import { useRecentFirings } from '../../api/queries/schedules.ts';
import { useMay } from '../../api/use-session.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { TaskStateLabel } from '../../parts/task-state.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { StateLabel } from '../../ui/state-icon.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import { useToast } from '../../ui/toast.tsx';
import { HistoryStrip } from './history-strip.tsx';
import { ScheduleActs } from './schedule-acts.tsx';
import { whenInWords, reasonNot } from './schedule-words.ts';

const ScheduleDialog = lazy(() =>
  import('./edit/schedule-dialog.tsx').then(({ ScheduleDialog: dialog }) => ({ default: dialog })),
);

const EXAMPLE = `// libs/contracts/src/schedules.ts
defineSchedule({ name: 'reports.daily', contract: sendMail, input: { … }, cron: '0 7 * * MON-FRI', timeZone: 'Europe/Stockholm' }),`;

const COLUMNS: readonly Column<ScheduleDocument>[] = [
  {
    key: 'name',
    header: 'Schedule',
    width: 'minmax(170px, 1.4fr)',
    phone: 'title',
    cell: ({ name }) => (
      <Link to="/schedules/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  {
    key: 'when',
    header: 'When',
    width: 'minmax(150px, 2fr)',
    cell: (one) => <span title={one.cron ?? undefined}>{whenInWords(one)}</span>,
  },
  { key: 'contract', header: 'Contract', width: 'minmax(110px, 1fr)', cell: ({ contract }) => contract },
  { key: 'source', header: 'Stated by', width: '84px', cell: ({ source }) => (source === 'code' ? 'code' : 'people') },
  { key: 'next', header: 'Next', width: 'minmax(108px, 1fr)', cell: (one) => <Next schedule={one} /> },
  { key: 'last', header: 'Last', width: '146px', cell: (one) => <Last schedule={one} /> },
  { key: 'history', header: 'Last firings', width: '180px', phone: 'hide', cell: (one) => <Recent schedule={one} /> },
  {
    key: 'acts',
    header: 'Actions',
    width: '64px',
    align: 'end',
    fixed: true,
    cell: (one) => <ScheduleActs schedule={one} menu />,
  },
];

/** What fires by itself: when, how it went, when next. */
export function SchedulesScreen() {
  const list = useSchedules();
  const navigate = useNavigate();
  const may = useMay('operator');
  const say = useToast();
  const [isNew, setNew] = useState(false);
  return (
    <Page
      title="Schedules"
      about="What fires by itself: stated in the code of the beats, or made by people."
      actions={
        may && (
          <Button kind="primary" icon={<Plus size={14} />} onClick={() => setNew(true)}>
            New schedule
          </Button>
        )
      }
    >
      {isNew && (
        <Suspense>
          <ScheduleDialog
            onClose={() => setNew(false)}
            onDone={({ name }) => {
              setNew(false);
              say(`${name} is made`, 'It fires at its next moment.');
              void navigate({ to: '/schedules/$name', params: { name } });
            }}
          />
        </Suspense>
      )}
      <Loaded query={list} what="The schedules could not be read">
        {({ items }) => (
          <DataTable
            label="Schedules"
            columns={may ? COLUMNS : COLUMNS.filter(({ key }) => key !== 'acts')}
            rows={items}
            rowKey={({ name }) => name}
            onOpen={({ name }) => void navigate({ to: '/schedules/$name', params: { name } })}
            empty={
              <EmptyState title="There is no schedule yet" code={EXAMPLE}>
                {may ? 'Make one here, or add' : 'Add'} one to the code; it is here when a beat with it has started.
              </EmptyState>
            }
          />
        )}
      </Loaded>
    </Page>
  );
}

function Next({ schedule }: { schedule: ScheduleDocument }) {
  const reason = reasonNot(schedule);
  if (reason !== undefined) return <StateLabel tone={schedule.paused ? 'revoked' : 'expired'}>{reason}</StateLabel>;
  const [next] = schedule.nextFirings;
  return next === undefined ? <span className="muted">never again</span> : <RelativeTime value={next} />;
}

function useRecent({ name, lastFiring }: ScheduleDocument) {
  return useRecentFirings(name, lastFiring?.firedAt ?? null);
}

function Last({ schedule }: { schedule: ScheduleDocument }) {
  const latest = useRecent(schedule).data?.items[0];
  const { lastFiring } = schedule;
  if (lastFiring === null) return <span className="muted">never</span>;
  const task = latest?.taskId === lastFiring.taskId ? latest.task : undefined;
  return (
    <>
      <RelativeTime value={lastFiring.firedAt} /> {task && <TaskStateLabel state={task.state} />}
    </>
  );
}

function Recent({ schedule }: { schedule: ScheduleDocument }) {
  const recent = useRecent(schedule);
  return recent.data && <HistoryStrip firings={recent.data.items} />;
}
