import { getRouteApi, Link } from '@tanstack/react-router';
import type { LimitDetail } from '@lovage/http-api';
import { useLimit } from '../../api/queries/limits.ts';
import { TaskLink, TasksLink, WorkerLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Count } from '../../ui/count.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { plural } from '../../ui/format.ts';
import { Meter } from '../../ui/meter.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Details, Page, Panel } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { RelativeTime, Since } from '../../ui/time/relative-time.tsx';
import { LimitActs } from './limit-acts.tsx';
import { rateInWords, slotsInWords } from './limit-words.ts';
import styles from './limits.module.css';

type Key = LimitDetail['keys'][number];
type Holder = LimitDetail['holders'][number];
type Waiter = LimitDetail['waiters'][number];

const route = getRouteApi('/frame/limits/$name');

/** The limits of one contract: as declared, set and in force; who has slots, who waits. */
export function LimitScreen() {
  const { name } = route.useParams();
  const query = useLimit(name);
  return (
    <Page
      title={name}
      about={<Link to="/limits">Limits</Link>}
      actions={query.data && <LimitActs limit={query.data} />}
    >
      <Loaded query={query} what="The limits could not be read" lines={8}>
        {(limit) => (
          <>
            <Words limit={limit} />
            <Panel>
              <Details items={detailsOf(limit)} />
            </Panel>
            <div className={styles['two']}>
              <Panel title="Who has slots" flush>
                <DataTable
                  label="Tasks that have slots"
                  columns={holders(limit)}
                  rows={limit.holders}
                  rowKey={({ id }) => id}
                  empty={<EmptyState title="Nobody has a slot" />}
                  footer={limit.held > limit.holders.length && `${plural(limit.held, 'slot')} in all`}
                />
              </Panel>
              <Panel title="Who waits" flush>
                <DataTable
                  label="Tasks that wait"
                  columns={waiters(limit)}
                  rows={limit.waiters}
                  rowKey={({ id }) => id}
                  empty={<EmptyState title="Nobody waits" />}
                  footer={
                    limit.waiting + limit.waitingForRate > limit.waiters.length &&
                    `${plural(limit.waiting + limit.waitingForRate, 'task')} in all`
                  }
                />
              </Panel>
            </div>
            {limit.keys.some(({ value }) => value !== null) && (
              <Panel title="Values of its key, those first where most wait" flush>
                <DataTable
                  label="Values of its key"
                  columns={KEYS}
                  rows={limit.keys}
                  rowKey={({ limits, value }) => `${limits} ${value ?? ''}`}
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

function Words({ limit: { override, inForce, waiting, held } }: { limit: LimitDetail }) {
  if (override === null && inForce.concurrency !== 0) return null;
  return (
    <Notice tone={inForce.concurrency === 0 ? 'warn' : 'info'}>
      {inForce.concurrency === 0 && (
        <>
          <strong>Nothing starts.</strong> {plural(waiting, 'task')} {waiting === 1 ? 'waits' : 'wait'};{' '}
          {held > 0 ? `${held} that run finish` : 'nothing runs'}.{' '}
        </>
      )}
      {override && (
        <>
          Set <RelativeTime value={override.at} />
          {override.reason !== null && `: “${override.reason}”`}.
        </>
      )}
    </Notice>
  );
}

function detailsOf({ contract, declared, override, inForce, held, waiting, waitingForRate }: LimitDetail) {
  const { concurrency, rate, burst } = inForce;
  const details: (readonly [string, React.ReactNode])[] = [
    ['In force, at once', slotsInWords(concurrency, declared.byKey)],
    ['In force, rate', rateInWords(rate, burst, declared.rateByKey)],
    [
      'Slots taken',
      declared.byKey ? <Count value={held} /> : <Meter value={held} most={concurrency} label="Slots taken" />,
    ],
    [
      'Wait for a slot',
      <TasksLink of={{ name: contract, states: ['SCHEDULED'] }}>
        <Count value={waiting} unit={waiting === 1 ? 'task' : 'tasks'} />
      </TasksLink>,
    ],
    ['Wait for the rate', <Count value={waitingForRate} unit={waitingForRate === 1 ? 'task' : 'tasks'} />],
  ];
  if (override)
    details.push(
      ['The contract says, at once', slotsInWords(declared.concurrency, declared.byKey)],
      ['The contract says, rate', rateInWords(declared.rate, declared.burst, declared.rateByKey)],
    );
  return details;
}

const hasKey = ({ declared }: LimitDetail): boolean => declared.byKey || declared.rateByKey;
const valueOf = (value: string | null): React.ReactNode =>
  value === null ? <span className="muted">all</span> : <code title={value}>{value}</code>;

function holders(limit: LimitDetail): readonly Column<Holder>[] {
  const value: Column<Holder> = { key: 'value', header: 'Value', cell: (one) => valueOf(one.value) };
  return [
    { key: 'id', header: 'Task', width: '130px', phone: 'title', cell: ({ id }) => <TaskLink id={id} /> },
    ...(hasKey(limit) ? [value] : []),
    {
      key: 'worker',
      header: 'Worker',
      width: 'minmax(120px, 1.5fr)',
      cell: ({ worker }) =>
        worker === null ? <span className="muted">on its way to one</span> : <WorkerLink worker={worker} />,
    },
    { key: 'since', header: 'Has it for', align: 'end', width: '104px', cell: ({ since }) => <Since value={since} /> },
  ];
}

function waiters(limit: LimitDetail): readonly Column<Waiter>[] {
  const value: Column<Waiter> = { key: 'value', header: 'Value', cell: (one) => valueOf(one.value) };
  return [
    { key: 'id', header: 'Task', width: '130px', phone: 'title', cell: ({ id }) => <TaskLink id={id} /> },
    ...(hasKey(limit) ? [value] : []),
    {
      key: 'for',
      header: 'Waits for',
      width: 'minmax(140px, 2fr)',
      cell: ({ dueAt }) =>
        dueAt === null ? (
          'a slot'
        ) : (
          <>
            its time of the rate, <RelativeTime value={dueAt} />
          </>
        ),
    },
    {
      key: 'since',
      header: 'Submitted',
      align: 'end',
      width: '104px',
      cell: ({ since }) => (since === null ? <span className="muted">–</span> : <RelativeTime value={since} />),
    },
  ];
}

const KEYS: readonly Column<Key>[] = [
  { key: 'value', header: 'Value', width: 'minmax(140px, 2fr)', phone: 'title', cell: ({ value }) => valueOf(value) },
  { key: 'limits', header: 'Of', width: '110px', cell: ({ limits }) => (limits === 'rate' ? 'the rate' : 'the slots') },
  {
    key: 'held',
    header: 'Slots taken',
    width: '150px',
    cell: ({ held, limit, limits }) =>
      limits === 'rate' ? <span className="muted">–</span> : <Meter value={held} most={limit} label="Slots taken" />,
  },
  {
    key: 'waiting',
    header: 'Wait for a slot',
    align: 'end',
    width: '120px',
    cell: ({ waiting }) => <Count value={waiting} />,
  },
  {
    key: 'rate',
    header: 'Wait for the rate',
    align: 'end',
    width: '130px',
    cell: ({ waitingForRate }) => <Count value={waitingForRate} />,
  },
];
