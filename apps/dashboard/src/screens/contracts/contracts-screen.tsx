import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ContractDocument, StatsSeries } from '@lovage/http-api';
import { Search } from 'lucide-react';
import { useContracts } from '../../api/queries/lists.ts';
import { useShortcut } from '../../app/shortcuts.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Count } from '../../ui/count.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { formatRate } from '../../ui/format.ts';
import { Page, Toolbar } from '../../ui/page.tsx';
import { Sparkline } from '../../ui/chart/sparkline.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Select, TextField } from '../../ui/text-field.tsx';
import { Duration } from '../../ui/time/relative-time.tsx';
import { useRef } from 'react';
import styles from './contracts.module.css';
import { ErrorRate } from './error-rate.tsx';
import { RANGES, type ContractsSearch, type ContractRange } from './search.ts';
import { useRangeStats } from './use-range-stats.ts';

const route = getRouteApi('/frame/contracts');

interface Row {
  readonly contract: ContractDocument;
  /** undefined: nothing of it ended. */
  readonly stats: StatsSeries | undefined;
  readonly seconds: number;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    key: 'name',
    header: 'Contract',
    width: 'minmax(200px, 2.4fr)',
    fixed: true,
    phone: 'title',
    cell: ({ contract }) => (
      <span className={styles['name']}>
        <Link to="/contracts/$name" params={{ name: contract.name }}>
          {contract.name}
        </Link>
        {contract.summary && <span className={styles['summary']}>{contract.summary}</span>}
      </span>
    ),
  },
  { key: 'queue', header: 'Queue', width: 'minmax(90px, 0.8fr)', cell: ({ contract }) => contract.defaults.queue },
  {
    key: 'trend',
    header: 'Ended',
    width: '112px',
    phone: 'hide',
    cell: ({ stats, contract }) =>
      stats && <Sparkline label={`Ended tasks of ${contract.name}`} values={stats.ended} width={92} />,
  },
  {
    key: 'count',
    header: 'Tasks',
    width: '80px',
    align: 'end',
    cell: ({ stats }) => <Count value={stats?.overall.ended ?? 0} />,
  },
  {
    key: 'rate',
    header: 'Rate',
    width: '90px',
    align: 'end',
    phone: 'hide',
    cell: ({ stats, seconds }) => formatRate((stats?.overall.ended ?? 0) / seconds),
  },
  {
    key: 'errors',
    header: 'Failed',
    width: '100px',
    align: 'end',
    cell: ({ stats }) => <ErrorRate ended={stats?.overall.ended ?? 0} failed={stats?.overall.failed ?? 0} />,
  },
  {
    key: 'p50',
    header: 'Run p50',
    width: '90px',
    align: 'end',
    cell: ({ stats }) => <Duration ms={stats?.run.overall.p50} />,
  },
  {
    key: 'p95',
    header: 'Run p95',
    width: '90px',
    align: 'end',
    cell: ({ stats }) => <Duration ms={stats?.run.overall.p95} />,
  },
];

const RANGE_OPTIONS: readonly { value: ContractRange; label: string }[] = [
  { value: 'hour', label: 'Last hour' },
  { value: 'day', label: 'Last day' },
  { value: 'week', label: 'Last week' },
];

export function ContractsScreen() {
  const { q = '', range = 'day' } = route.useSearch();
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const list = useContracts();
  const stats = useRangeStats(range, { by: 'contract' });
  const search = (change: ContractsSearch): void => {
    const next = { q, range, ...change };
    void navigate({
      to: '/contracts',
      search: { ...(next.q && { q: next.q }), ...(next.range !== 'day' && { range: next.range }) },
      replace: true,
    });
  };
  useShortcut('f', 'Find a contract', () => field.current?.focus());
  return (
    <Page
      title="Contracts"
      about="Every task that can be submitted."
      actions={
        <Toolbar label="Filter">
          <TextField
            ref={field}
            label="Find a contract"
            hideLabel
            icon={<Search size={13} />}
            placeholder="Find a contract"
            value={q}
            onChange={(event) => search({ q: event.target.value })}
          />
          <Select
            label="Time of the rates"
            hideLabel
            value={range}
            options={RANGE_OPTIONS}
            onChange={(value) => search({ range: value as ContractRange })}
          />
        </Toolbar>
      }
    >
      <Loaded query={list} what="The contracts could not be read" lines={8}>
        {({ items }) => (
          <DataTable
            label="Contracts"
            columns={COLUMNS}
            rows={items
              .filter(({ name, summary }) => `${name} ${summary ?? ''}`.toLowerCase().includes(q.trim().toLowerCase()))
              .map((contract) => ({
                contract,
                stats: stats.data?.series.find(({ key }) => key === contract.name),
                seconds: RANGES[range],
              }))}
            rowKey={({ contract }) => contract.name}
            onOpen={({ contract }) => void navigate({ to: '/contracts/$name', params: { name: contract.name } })}
            empty={
              q === '' ? (
                <EmptyState title="There is no contract">
                  The gateway knows those of libs/contracts: add yours to its index.
                </EmptyState>
              ) : (
                <EmptyState title={`No contract has “${q}” in its name`} />
              )
            }
          />
        )}
      </Loaded>
      {stats.isError && <p className="muted">Rates and times cannot be read now: {stats.error.title}.</p>}
    </Page>
  );
}
