import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { Redo2, Search, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { DeadLetterDocument } from '@lovage/http-api';
import { useDeadLetterGroups, useDeadLetterPages } from '../../api/queries/dead-letters.ts';
import { useMay } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { BulkDialog } from '../../parts/bulk/bulk-dialog.tsx';
import { BulkJobs } from '../../parts/bulk/bulk-jobs.tsx';
import { QueueLink, TaskLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState, Skeleton } from '../../ui/feedback.tsx';
import { cutMiddle, formatBytes } from '../../ui/format.ts';
import { Page, Toolbar } from '../../ui/page.tsx';
import { Switch } from '../../ui/switch.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './dead-letters.module.css';
import { Groups, type GroupFilter } from './groups.tsx';
import type { DeadLettersSearch } from './search.ts';

const route = getRouteApi('/frame/dead-letters');

const COLUMNS: readonly Column<DeadLetterDocument>[] = [
  {
    key: 'id',
    header: 'Message',
    width: '130px',
    cell: ({ id }) => (
      <Link to="/dead-letters/$id" params={{ id }} className="mono" title={id}>
        {cutMiddle(id)}
      </Link>
    ),
  },
  {
    key: 'name',
    header: 'Contract',
    width: 'minmax(120px, 1fr)',
    phone: 'title',
    cell: ({ name }) => name ?? <span className="muted">names none</span>,
  },
  { key: 'reason', header: 'Reason', width: '120px', cell: ({ reason }) => reason },
  {
    key: 'detail',
    header: 'Detail',
    width: 'minmax(160px, 3fr)',
    cell: ({ code, detail }) => (
      <span title={detail ?? undefined}>
        {code !== null && <code>{code}</code>} {detail ?? (code === null ? <span className="muted">–</span> : '')}
      </span>
    ),
  },
  { key: 'queue', header: 'Queue', cell: ({ queue }) => <QueueLink name={queue} /> },
  {
    key: 'size',
    header: 'Size',
    align: 'end',
    width: '80px',
    phone: 'hide',
    cell: ({ bodySize }) => formatBytes(bodySize),
  },
  {
    key: 'received',
    header: 'Died',
    align: 'end',
    width: '96px',
    cell: ({ diedAt, receivedAt }) => <RelativeTime value={diedAt ?? receivedAt} />,
  },
  {
    key: 'became',
    header: 'Redriven as',
    width: '130px',
    cell: ({ redriven }) =>
      redriven === null ? (
        <span className="muted">not yet</span>
      ) : redriven.as === null ? (
        <RelativeTime value={redriven.at} />
      ) : (
        <TaskLink id={redriven.as} />
      ),
  },
];

/** Messages that nobody could run: why, how many alike, and a way back. */
export function DeadLettersScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const may = useMay('operator');
  const groups = useDeadLetterGroups();
  const [asked, setAsked] = useState<{ readonly act: 'redrive' | 'delete'; readonly filter: GroupFilter }>();
  const { show, ...filter } = search;
  const go = (next: DeadLettersSearch): void => void navigate({ to: '/dead-letters', search: next });
  const chosen = Object.values(filter).some((value) => value !== undefined);
  const all = show && { show };
  return (
    <Page title="Dead letters" about="Messages that were taken out of their queues without having run.">
      <BulkJobs of="dead_letter" />
      <Loaded query={groups} what="The groups could not be read">
        {(data) => (
          <Groups
            groups={data}
            chosen={filter}
            onChoose={(next) => go({ ...next, ...all })}
            onAct={(act, meant) => setAsked({ act, filter: meant })}
          />
        )}
      </Loaded>
      <Toolbar label="Which messages">
        <SearchField key={filter.text} text={filter.text} onSearch={(text) => go({ ...filter, text, ...all })} />
        <div className={styles['inline']}>
          <Switch checked={show === 'all'} onChange={(on) => go({ ...filter, ...(on && { show: 'all' as const }) })}>
            Also those that are redriven
          </Switch>
        </div>
        {chosen && (
          <>
            <Button small kind="ghost" icon={<X size={14} />} onClick={() => go({ ...all })}>
              {inWords(filter)}
            </Button>
            {may && (
              <>
                <Button small icon={<Redo2 size={14} />} onClick={() => setAsked({ act: 'redrive', filter })}>
                  Redrive these
                </Button>
                <Button small icon={<Trash2 size={14} />} onClick={() => setAsked({ act: 'delete', filter })}>
                  Delete these
                </Button>
              </>
            )}
          </>
        )}
      </Toolbar>
      <List search={search} onClear={() => go({})} />
      {asked && (
        <BulkDialog
          act={asked.act === 'redrive' ? 'dead_letter.redrive' : 'dead_letter.delete'}
          filter={{ ...asked.filter }}
          onClose={() => setAsked(undefined)}
          onStarted={() => setAsked(undefined)}
        />
      )}
    </Page>
  );
}

function inWords(filter: GroupFilter): string {
  return Object.entries(filter)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ');
}

function SearchField({ text, onSearch }: { text: string | undefined; onSearch: (text: string | undefined) => void }) {
  const [value, setValue] = useState(text ?? '');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(value.trim() || undefined);
      }}
    >
      <TextField
        label="Search in messages"
        hideLabel
        icon={<Search size={14} />}
        className={styles['search']}
        placeholder="Search in ids, headers, bodies"
        type="search"
        value={value}
        maxLength={200}
        onChange={(event) => setValue(event.target.value)}
      />
    </form>
  );
}

function List({ search: { show, ...filter }, onClear }: { search: DeadLettersSearch; onClear: () => void }) {
  const navigate = useNavigate();
  const pages = useDeadLetterPages({ ...filter, ...(show !== 'all' && { redriven: false }) });
  const rows = pages.data?.pages.flatMap(({ items }) => items);
  const filtered = Object.values(filter).some((value) => value !== undefined);
  if (!rows)
    return pages.error ? (
      <ApiErrorState what="The messages could not be read" error={pages.error} onRetry={() => void pages.refetch()} />
    ) : (
      <Skeleton />
    );
  const more = pages.hasNextPage && (
    <Button small busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      {rows.length === 0 ? 'Search on in older messages' : 'Show older messages'}
    </Button>
  );
  return (
    <DataTable
      label="Dead letters"
      columns={COLUMNS}
      rows={rows}
      rowKey={({ id }) => id}
      onOpen={({ id }) => void navigate({ to: '/dead-letters/$id', params: { id } })}
      empty={
        filtered ? (
          <EmptyState title="No message matches" action={more || <Button onClick={onClear}>Show all messages</Button>}>
            Messages are deleted after 30 days, unless <code>DEAD_LETTER_RETENTION</code> says otherwise.
          </EmptyState>
        ) : (
          <EmptyState title="There is no dead letter" action={more || undefined}>
            Every message was run, or waits to be. One that cannot be read, is refused, or is given up by the broker is
            kept here, and can be made a task again.
          </EmptyState>
        )
      }
      footer={more}
    />
  );
}
