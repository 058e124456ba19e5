import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { TaskState } from '@lovage/task';
import { RefreshCw } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useTaskPages } from '../../api/queries/task-pages.ts';
import { useTaskCounts } from '../../api/queries/tasks.ts';
import { useLive } from '../../api/live/use-live.ts';
import { useMay, useUser } from '../../api/use-session.ts';
import { localZone, usePreferences } from '../../app/preferences.ts';
import { useShortcut } from '../../app/shortcuts.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Skeleton, StaleNote } from '../../ui/feedback.tsx';
import { Page, Toolbar } from '../../ui/page.tsx';
import { shownColumns } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { ColumnChooser, NewRows } from '../../ui/table/selection-bar.tsx';
import { BulkJobs } from '../../parts/bulk/bulk-jobs.tsx';
import { SelectionActs } from './bulk/selection-acts.tsx';
import { FilterField } from './filter/filter-field.tsx';
import { parseFilter } from './filter/parse.ts';
import { printFilter } from './filter/print.ts';
import { queryOf } from './filter/query.ts';
import { ListFooter, MAX_ROWS, NoTasks } from './list-ends.tsx';
import { useLiveRows } from './live-rows.ts';
import { RowMenu } from './density-menu.tsx';
import { beyond, ENDED_COLUMNS, OrderMenu, sortNamed, sortOf } from './order.tsx';
import type { TasksSearch } from './search.ts';
import { useRowsInSight } from './rows-in-sight.ts';
import { StatesList } from './states-list.tsx';
import { TASK_COLUMNS } from './task-columns.tsx';
import styles from './tasks.module.css';
import { useKnown } from './use-known.ts';
import { ViewsMenu } from './views-menu.tsx';
import { listMoment } from './list-moment.ts';

const route = getRouteApi('/frame/tasks');

export function TasksScreen() {
  const { q = '', cols, sort } = route.useSearch();
  const listKey = `${sort ?? ''} ${q}`;
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const zone = usePreferences().zone;
  const userId = useUser().id;
  const may = useMay('operator');
  const [asOf, setAsOf] = useState(() => listMoment.of(listKey));
  const [shownFor, setShownFor] = useState(listKey);
  if (shownFor !== listKey) {
    // Another filter or order is another list: its times count from now.
    setShownFor(listKey);
    setAsOf(listMoment.of(listKey));
  }
  const { filter, errors } = useMemo(() => parseFilter(q), [q]);
  const query = useMemo(
    () => queryOf(filter, { now: asOf, zone: zone === 'local' ? localZone : zone, userId }),
    [filter, asOf, zone, userId],
  );
  const { state: _state, ...anyState } = query;

  const pages = useTaskPages({ ...query, ...(sort && { sort }) }, asOf);
  const loaded = pages.data?.pages;
  const tasks = useMemo(() => (loaded ?? []).flatMap(({ items }) => items), [loaded]);
  const ids = useMemo(() => new Set(tasks.map(({ id }) => id)), [tasks]);
  const sight = useRowsInSight(asOf);
  const live = useLiveRows(query, asOf, {
    watch: sight.ids,
    has: (id) => ids.has(id),
    // In another order the first row is not the newest.
    newest: sort ? new Date(asOf).toISOString() : tasks[0]?.createdAt,
    ready: loaded !== undefined && !pages.isPlaceholderData,
  });
  const rows = tasks.map(live.show);
  // Another list begins at its top; until it is there the one before stays as it is.
  const [tableOf, setTableOf] = useState(asOf);
  if (tableOf !== asOf && loaded && !pages.isPlaceholderData) setTableOf(asOf);

  const counts = useCounts(anyState);
  const matching = counts.states && sumOf(counts.states, filter.states);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [all, setAll] = useState(false);
  const select = (keys: ReadonlySet<string>): void => {
    setSelected(keys);
    setAll(false);
  };

  const search = (change: TasksSearch): void => {
    if (change.q !== undefined || 'sort' in change) select(new Set());
    const next = { q, cols, sort, ...change };
    void navigate({
      to: '/tasks',
      search: { q: next.q || undefined, cols: next.cols || undefined, sort: next.sort },
    });
  };
  const refresh = (): void => setAsOf(listMoment.renew(listKey));
  useShortcut('f', 'Edit the filter', () => field.current?.focus());
  useShortcut('j', 'To the list', () =>
    list.current?.querySelector<HTMLElement>('[data-index][tabindex="0"]')?.focus(),
  );
  useShortcut('r', 'Read the list anew', refresh);

  const chosen = cols?.split(',');
  const known = useKnown();
  const isFull = tasks.length >= MAX_ROWS;
  return (
    <Page
      title="Tasks"
      fill
      actions={
        <Toolbar label="View">
          <ViewsMenu
            query={printSearch(q, cols, sort)}
            onOpen={(view) => void navigate({ to: '/tasks', search: view })}
          />
          <IconButton label="Read the list anew (r)" kind="plain" onClick={refresh}>
            <RefreshCw size={15} />
          </IconButton>
          <OrderMenu sort={sort} onChange={(next) => search({ sort: next })} />
          <RowMenu />
          <ColumnChooser columns={TASK_COLUMNS} chosen={chosen} onChange={(keys) => search({ cols: keys.join(',') })} />
        </Toolbar>
      }
    >
      <FilterField ref={field} value={q} known={known} onApply={(text) => search({ q: text })} />
      <BulkJobs of="task" />
      <div className={styles['split']}>
        <StatesList
          counts={counts.states}
          note={counts.note}
          chosen={filter.states}
          onChoose={(states) => search({ q: printFilter({ ...filter, states }) })}
        />
        <div className={styles['list']} ref={list}>
          {/* In another order new ones have no place at the top. */}
          {sort === undefined && <NewRows count={live.fresh} more={live.more} onShow={refresh} />}
          {pages.isError && loaded && <StaleNote since={pages.dataUpdatedAt}>{pages.error.title}.</StaleNote>}
          {pages.isError && !loaded ? (
            <ApiErrorState
              what="The tasks could not be read"
              error={pages.error}
              onRetry={() => void pages.refetch()}
            />
          ) : !loaded ? (
            <Skeleton lines={12} />
          ) : (
            <DataTable
              key={tableOf}
              fill
              busy={pages.isPlaceholderData}
              top={listMoment.top}
              onTop={(px) => listMoment.leave(px)}
              onRange={(first, last) => sight.onRange(rows.slice(first, last + 1))}
              label="Tasks"
              columns={shownColumns(TASK_COLUMNS, chosen ?? (sort === 'ended' ? ENDED_COLUMNS : undefined))}
              sort={sortOf(sort)}
              onSort={(next) => search({ sort: sortNamed(next) })}
              rows={rows}
              rowKey={({ task }) => task.id}
              {...(may && { selected, onSelect: select })}
              onOpen={({ task }) => void navigate({ to: '/tasks/$id', params: { id: task.id } })}
              onEnd={() => {
                if (pages.hasNextPage && !pages.isFetching && !isFull) void pages.fetchNextPage();
              }}
              empty={<NoTasks filtered={q !== ''} errors={errors} onClear={() => search({ q: '' })} page={pages} />}
              footer={
                <ListFooter
                  count={tasks.length}
                  page={pages}
                  full={isFull}
                  sort={sort}
                  onGoOn={() => {
                    const last = tasks.at(-1);
                    if (last) search({ q: printFilter({ ...filter, ...beyond(filter, last, sort) }) });
                  }}
                />
              }
            />
          )}
          <SelectionActs
            rows={rows}
            selected={selected}
            all={all}
            matching={matching}
            query={query}
            onAll={() => setAll(true)}
            onClear={() => select(new Set())}
          />
        </div>
      </div>
    </Page>
  );
}

/** Counts of the filter in whatever state: told by the stream where all tasks are meant, else read. */
function useCounts(anyState: ReturnType<typeof queryOf>) {
  const isAll = Object.keys(anyState).length === 0;
  const [told, setTold] = useState<{ states: Record<TaskState, number>; approximate: boolean }>();
  useLive('counts', setTold, isAll);
  const read = useTaskCounts(anyState, isAll && told ? false : undefined);
  const data = isAll && told ? { ...told, countedFrom: null } : read.data;
  const note = data?.countedFrom
    ? 'Of the newest tasks that the filter looks at.'
    : data?.approximate
      ? 'Waiting and running ones are estimates.'
      : undefined;
  return { states: data?.states, note, isWhole: data !== undefined && data.countedFrom === null };
}

function sumOf(counts: Readonly<Record<TaskState, number>>, states: readonly TaskState[]): number {
  const meant = states.length > 0 ? states : (Object.keys(counts) as TaskState[]);
  return meant.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

function printSearch(q: string, cols: string | undefined, sort: string | undefined): string {
  return new URLSearchParams({ ...(q && { q }), ...(cols && { cols }), ...(sort && { sort }) }).toString();
}
