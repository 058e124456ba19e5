import { Link } from '@tanstack/react-router';
import type { AuditDocument } from '@lovage/http-api';
import { formatJson } from '../../api/json.ts';
import { useAuditPages } from '../../api/queries/admin.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState, Skeleton } from '../../ui/feedback.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Select, TextField } from '../../ui/text-field.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import { useTimePreferences } from '../../ui/time/time-preferences.ts';
import styles from './admin.module.css';
import { useUserNames, useUserOptions } from './user-name.tsx';

const ACTIONS: readonly { readonly value: string; readonly label: string }[] = [
  { value: '', label: 'Everything' },
  { value: 'auth.*', label: 'Sign-ins and sign-outs' },
  { value: 'user.*', label: 'Users' },
  { value: 'key.*', label: 'API keys' },
  { value: 'session.*', label: 'Sessions' },
  { value: 'task.*', label: 'Tasks' },
  { value: 'bulk.*', label: 'Bulk jobs' },
  { value: 'queue.*', label: 'Queues' },
  { value: 'schedule.*', label: 'Schedules' },
  { value: 'limits.*', label: 'Limits' },
  { value: 'dead_letter.*', label: 'Dead letters' },
  { value: 'load_test.*', label: 'Load tests' },
  { value: 'view.*', label: 'Saved views' },
  { value: 'file.*', label: 'Files' },
];

export interface AuditTabProps {
  readonly action: string | undefined;
  readonly user: string | undefined;
  /** The last day that is shown, `2026-11-29`, in the chosen zone; left out: today. */
  readonly day: string | undefined;
  readonly onSearch: (search: {
    readonly action?: string | undefined;
    readonly user?: string | undefined;
    readonly day?: string | undefined;
  }) => void;
}

/** Who did what. */
export function AuditTab({ action, user, day, onSearch }: AuditTabProps) {
  const { zone } = useTimePreferences();
  const pages = useAuditPages({
    ...(action !== undefined && { action }),
    ...(user !== undefined && { actor: user }),
    ...(day !== undefined && { to: endOf(day, zone === 'UTC') }),
  });
  const options = useUserOptions('Everybody');
  const nameOf = useUserNames();
  const rows = pages.data?.pages.flatMap(({ items }) => items);
  const known = ACTIONS.some((one) => one.value === (action ?? ''));
  const columns: readonly Column<AuditDocument>[] = [
    { key: 'at', header: 'When', width: '110px', phone: 'bare', cell: ({ at }) => <RelativeTime value={at} precise /> },
    {
      key: 'actor',
      header: 'Who',
      width: 'minmax(130px, 1fr)',
      phone: 'bare',
      cell: ({ actor, keyId }) => (
        <span className={styles['cut']}>
          {nameOf(actor)} {keyId !== null && <Badge>by a key</Badge>}
        </span>
      ),
    },
    {
      key: 'action',
      header: 'Did',
      width: 'minmax(130px, 0.8fr)',
      phone: 'title',
      cell: ({ action: done }) => <code>{done}</code>,
    },
    {
      key: 'target',
      header: 'To',
      width: 'minmax(120px, 1.2fr)',
      cell: (entry) => <Target entry={entry} name={nameOf} />,
    },
    {
      key: 'detail',
      header: 'With',
      width: 'minmax(140px, 2fr)',
      phone: 'wide',
      cell: ({ detail }) =>
        detail === null || detail === undefined ? null : (
          <code className={styles['cut']} title={formatJson(detail, 2)}>
            {formatJson(detail)}
          </code>
        ),
    },
    { key: 'address', header: 'From', width: '120px', phone: 'hide', cell: ({ address }) => address ?? '–' },
  ];
  return (
    <div className={styles['stack']}>
      <div className={styles['tools']}>
        <div className={styles['tools']}>
          <Select
            label="What"
            value={action ?? ''}
            options={known ? ACTIONS : [...ACTIONS, { value: action ?? '', label: action ?? '' }]}
            onChange={(next) => onSearch({ action: next, user, day })}
          />
          <Select
            label="Who"
            value={user ?? ''}
            options={options}
            onChange={(next) => onSearch({ action, user: next, day })}
          />
          <TextField
            label="Up to"
            type="date"
            value={day ?? ''}
            onChange={(event) => onSearch({ action, user, day: event.target.value })}
          />
        </div>
        <Button onClick={() => void pages.refetch()} busy={pages.isFetching}>
          Read the log anew
        </Button>
      </div>
      {pages.isError && !rows ? (
        <ApiErrorState
          what="The audit log could not be read"
          error={pages.error}
          onRetry={() => void pages.refetch()}
        />
      ) : !rows ? (
        <Skeleton lines={8} />
      ) : (
        <DataTable
          label="Audit log"
          columns={columns}
          rows={rows}
          rowKey={(one) => one.id}
          empty={<EmptyState title="Nothing of this kind was done" />}
          footer={
            pages.hasNextPage ? (
              <Button small busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                Show older entries
              </Button>
            ) : (
              'That is all.'
            )
          }
        />
      )}
    </div>
  );
}

/** The end of a day, here or in UTC: a day of the summer's beginning or end has no 24 hours. */
function endOf(day: string, isUtc: boolean): string {
  const at = new Date(isUtc ? `${day}T00:00:00Z` : `${day}T00:00:00`);
  if (isUtc) at.setUTCDate(at.getUTCDate() + 1);
  else at.setDate(at.getDate() + 1);
  return at.toISOString();
}

/** What it was done to, leading there where there is a page of it. */
function Target({ entry, name }: { entry: AuditDocument; name: (id: string) => string }) {
  const { action, target } = entry;
  if (target === null) return <span className="muted">–</span>;
  if (/^task\.(?:revoke|retry)$/.test(action))
    return (
      <Link to="/tasks/$id" params={{ id: target }} className="mono">
        {target}
      </Link>
    );
  return (
    <span className={styles['cut']} title={target}>
      {/^(?:user|auth)\./.test(action) ? name(target) : target}
    </span>
  );
}
