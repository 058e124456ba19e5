import type { TaskList } from '@lovage/http-api';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ApiError } from '../../api/api-error.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { formatWhole } from '../../ui/format.ts';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import type { FilterError } from './filter/filter.ts';
import styles from './tasks.module.css';

type Pages = UseInfiniteQueryResult<InfiniteData<TaskList>, ApiError | Error>;

/** Rows that one list holds; behind them it goes on as another. */
export const MAX_ROWS = 20_000;

const SUBMIT = `curl ${typeof location === 'undefined' ? '' : location.origin}/api/tasks/math.add -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{"input":{"x":1,"y":2}}'`;

export interface NoTasksProps {
  readonly filtered: boolean;
  readonly errors: readonly FilterError[];
  readonly page: Pages;
  readonly onClear: () => void;
}

/** The list is empty: why, and what to do. */
export function NoTasks({ filtered, errors, page, onClear }: NoTasksProps) {
  if (page.hasNextPage) return <SearchOn page={page} />;
  if (!filtered)
    return (
      <EmptyState title="There is no task yet" code={SUBMIT}>
        Submit one: by Run on a contract’s page, or so.
      </EmptyState>
    );
  return (
    <EmptyState title="No task matches the filter" action={<Button onClick={onClear}>Clear the filter</Button>}>
      {errors.length > 0
        ? errors[0]!.message
        : 'Ended tasks are kept for a time only. Widen the times, or take a condition away.'}
    </EmptyState>
  );
}

/** Nothing was found so far: the gateway looks at a bounded number of tasks for each request. */
function SearchOn({ page }: { page: Pages }) {
  const to = page.data?.pages.at(-1)?.searchedTo;
  return (
    <EmptyState
      title="Nothing found so far"
      action={
        <Button kind="primary" busy={page.isFetching} onClick={() => void page.fetchNextPage()}>
          Search on
        </Button>
      }
    >
      No index serves this filter in this order, so tasks are looked at one by one.
      {to && (
        <>
          {' '}
          Searched to <RelativeTime value={to} />.
        </>
      )}{' '}
      A contract’s name, a tag or a time makes it quick.
    </EmptyState>
  );
}

export interface ListFooterProps {
  readonly count: number;
  readonly page: Pages;
  readonly full: boolean;
  /** Order of the list; left out: the newest first. */
  readonly sort?: 'oldest' | 'ended' | undefined;
  readonly onGoOn: () => void;
}

export function ListFooter({ count, page, full, sort, onGoOn }: ListFooterProps) {
  const to = page.data?.pages.at(-1)?.searchedTo;
  return (
    <div className={styles['footer']}>
      {full && page.hasNextPage ? (
        <>
          These are {formatWhole(count)} tasks.{' '}
          <Button small onClick={onGoOn}>
            {sort === 'oldest'
              ? 'Go on with newer ones'
              : sort === 'ended'
                ? 'Go on with earlier ends'
                : 'Go on with older ones'}
          </Button>
        </>
      ) : page.isFetchingNextPage ? (
        'Reading more…'
      ) : page.hasNextPage ? (
        <>
          {formatWhole(count)} tasks so far
          {to && (
            <>
              , searched {sort === 'oldest' ? 'up' : 'back'} to <RelativeTime value={to} />
            </>
          )}
          .{' '}
          <Button small onClick={() => void page.fetchNextPage()}>
            Read more
          </Button>
        </>
      ) : (
        `${formatWhole(count)} ${count === 1 ? 'task' : 'tasks'}, all that match`
      )}
    </div>
  );
}
