import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { FailureGroupDocument } from '@lovage/http-api';
import { useState } from 'react';
import { useFailures } from '../../api/queries/failures.ts';
import { useContracts } from '../../api/queries/lists.ts';
import { BulkJobs } from '../../parts/bulk/bulk-jobs.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Button } from '../../ui/button.tsx';
import { Sparkline } from '../../ui/chart/sparkline.tsx';
import { Combobox } from '../../ui/combobox.tsx';
import { Count } from '../../ui/count.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page, Toolbar } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Select } from '../../ui/text-field.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './failures.module.css';
import { GroupSheet } from './group-sheet.tsx';
import { RANGES, type FailuresSearch, type FailureRange } from './search.ts';

const route = getRouteApi('/frame/failures');

const COLUMNS: readonly Column<FailureGroupDocument>[] = [
  {
    key: 'what',
    header: 'Failure',
    width: 'minmax(220px, 3fr)',
    phone: 'title',
    cell: ({ type, message }) => (
      <span className={styles['what']}>
        <span className={styles['type']}>✕ {type ?? 'All other failures'}</span>
        <span className={styles['message']} title={message ?? undefined}>
          {message}
        </span>
      </span>
    ),
  },
  {
    key: 'contract',
    header: 'Contract',
    width: 'minmax(130px, 1fr)',
    cell: ({ contract }) => (
      <Link to="/contracts/$name" params={{ name: contract }} className="mono">
        {contract}
      </Link>
    ),
  },
  { key: 'count', header: 'Failures', width: '90px', align: 'end', cell: ({ count }) => <Count value={count} /> },
  {
    key: 'trend',
    header: 'Over the time',
    width: '116px',
    phone: 'hide',
    cell: ({ trend, contract }) => (
      <Sparkline label={`Failures of ${contract}`} values={trend} color="--state-failure" width={96} />
    ),
  },
  {
    key: 'first',
    header: 'First seen',
    width: '100px',
    cell: ({ firstSeenAt }) => <RelativeTime value={firstSeenAt} />,
  },
  { key: 'last', header: 'Last seen', width: '100px', cell: ({ lastSeenAt }) => <RelativeTime value={lastSeenAt} /> },
];

/** Tasks that failed, those that failed alike as one row. */
export function FailuresScreen() {
  const search = route.useSearch();
  const { contract, range = 'day', sort, group } = search;
  const navigate = useNavigate();
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const groups = useFailures({
    last: RANGES[range],
    ...(contract !== undefined && { contract }),
    ...(sort !== undefined && { sort }),
    ...(cursor !== undefined && { cursor }),
  });
  const contracts = useContracts();
  const go = (
    change: { readonly [K in keyof FailuresSearch]?: FailuresSearch[K] | undefined },
    replace = true,
  ): void => {
    if (!('group' in change)) setCursors([]);
    const next = { ...search, ...change };
    void navigate({
      to: '/failures',
      search: Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)),
      replace,
    });
  };
  return (
    <Page
      title="Failures"
      about="Tasks that failed alike, as one."
      actions={
        <Toolbar label="Filter">
          <Combobox
            label="Contract"
            hideLabel
            placeholder="All contracts"
            value={contract ?? null}
            options={(contracts.data?.items ?? []).map(({ name }) => name)}
            onChange={(name) => go({ contract: name ?? undefined })}
          />
          <Select
            label="Time"
            hideLabel
            value={range}
            options={[
              { value: 'hour', label: 'Last hour' },
              { value: 'day', label: 'Last day' },
              { value: 'week', label: 'Last week' },
              { value: 'month', label: 'Last 30 days' },
            ]}
            onChange={(next) => go({ range: next === 'day' ? undefined : (next as FailureRange) })}
          />
          <Select
            label="Order"
            hideLabel
            value={sort ?? 'count'}
            options={[
              { value: 'count', label: 'Most frequent first' },
              { value: 'last', label: 'Last seen first' },
            ]}
            onChange={(next) => go({ sort: next === 'last' ? 'last' : undefined })}
          />
        </Toolbar>
      }
    >
      <BulkJobs of="task" />
      <Loaded query={groups} what="The failures could not be read" lines={8}>
        {({ items, nextCursor, countedTo }) => (
          <DataTable
            label="Failures"
            columns={COLUMNS}
            rows={items}
            rowKey={({ id }) => id}
            onOpen={({ id }) => go({ group: id }, false)}
            empty={
              <EmptyState title="Nothing failed in this time">
                {countedTo === null
                  ? 'Nothing has been counted yet: a beat does it. Is one running?'
                  : 'A failure is seen here some seconds after its end.'}
              </EmptyState>
            }
            footer={
              (cursors.length > 0 || nextCursor !== null) && (
                <Toolbar label="Pages">
                  <Button small disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
                    Previous page
                  </Button>
                  <Button
                    small
                    disabled={nextCursor === null}
                    onClick={() => nextCursor !== null && setCursors([...cursors, nextCursor])}
                  >
                    Next page
                  </Button>
                </Toolbar>
              )
            }
          />
        )}
      </Loaded>
      {group !== undefined && <GroupSheet id={group} last={RANGES[range]} onClose={() => go({ group: undefined })} />}
    </Page>
  );
}
