import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { LimitDocument } from '@lovage/http-api';
import { useLimits } from '../../api/queries/lists.ts';
import { useMay } from '../../api/use-session.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Count } from '../../ui/count.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Meter } from '../../ui/meter.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import { LimitActs } from './limit-acts.tsx';
import { isLimited, rateInWords } from './limit-words.ts';
import styles from './limits.module.css';

const route = getRouteApi('/frame/limits');

const COLUMNS: readonly Column<LimitDocument>[] = [
  {
    key: 'contract',
    header: 'Contract',
    width: 'minmax(160px, 1.5fr)',
    phone: 'title',
    cell: ({ contract }) => (
      <Link to="/limits/$name" params={{ name: contract }}>
        {contract}
      </Link>
    ),
  },
  {
    key: 'slots',
    header: 'Slots taken',
    width: 'minmax(150px, 1fr)',
    cell: ({ held, inForce, declared }) =>
      declared.byKey ? (
        <>
          <Count value={held} />
          {inForce.concurrency !== null && <span className="muted"> · {inForce.concurrency} for each value</span>}
        </>
      ) : inForce.concurrency === 0 ? (
        <>
          <Count value={held} /> <Badge tone="warn">none starts</Badge>
        </>
      ) : (
        <Meter value={held} most={inForce.concurrency} label="Slots taken" />
      ),
  },
  {
    key: 'waiting',
    header: 'Wait for a slot',
    align: 'end',
    width: '112px',
    cell: ({ waiting }) => <Count value={waiting} />,
  },
  {
    key: 'rate',
    header: 'Rate',
    width: 'minmax(120px, 1fr)',
    cell: ({ inForce: { rate, burst }, declared }) =>
      rate === null ? <span className="muted">no limit</span> : rateInWords(rate, burst, declared.rateByKey),
  },
  {
    key: 'rated',
    header: 'Wait for the rate',
    align: 'end',
    width: '124px',
    cell: ({ waitingForRate }) => <Count value={waitingForRate} />,
  },
  {
    key: 'set',
    header: 'Set by an operator',
    width: 'minmax(150px, 1.2fr)',
    cell: ({ override }) =>
      override === null ? (
        <span className="muted">as the contract says</span>
      ) : (
        <span className={styles['set']}>
          <RelativeTime value={override.at} />
          {override.reason !== null && `: “${override.reason}”`}
        </span>
      ),
  },
  {
    key: 'acts',
    header: 'Actions',
    phone: 'bare',
    align: 'end',
    width: '80px',
    fixed: true,
    cell: (limit) => <LimitActs limit={limit} row />,
  },
];

/** How many tasks of a contract run at once and start in a time; who uses it up. */
export function LimitsScreen() {
  const { tab = 'limited' } = route.useSearch();
  const navigate = useNavigate();
  const list = useLimits();
  const may = useMay('operator');
  const show = (next: 'limited' | 'all'): void =>
    void navigate({ to: '/limits', search: next === 'all' ? { tab: next } : {} });
  const items = list.data?.items ?? [];
  return (
    <Page
      title="Limits"
      about="How many tasks of a contract run at once and how many start in a time, over all workers."
    >
      <Tabs
        label="Limits"
        value={tab}
        onChange={show}
        tabs={[
          { value: 'limited', label: 'With a limit', count: list.data && items.filter(isLimited).length },
          { value: 'all', label: 'All contracts', count: list.data && items.length },
        ]}
      >
        <Loaded query={list} what="The limits could not be read">
          {() => (
            <DataTable
              label="Limits"
              columns={may ? COLUMNS : COLUMNS.filter(({ key }) => key !== 'acts')}
              rows={tab === 'all' ? items : items.filter(isLimited)}
              rowKey={({ contract }) => contract}
              onOpen={({ contract }) => void navigate({ to: '/limits/$name', params: { name: contract } })}
              empty={
                <EmptyState
                  title="No contract has a limit"
                  action={<Button onClick={() => show('all')}>Show all contracts</Button>}
                >
                  Give one to a contract, by <code>concurrency</code> or <code>rateLimit</code> of its defaults, or set
                  one here while tasks run.
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Tabs>
    </Page>
  );
}
