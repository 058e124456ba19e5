import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useLost } from '../api/live/use-live.ts';
import type { ApiError } from '../api/api-error.ts';
import { Skeleton, StaleNote } from '../ui/feedback.tsx';
import { ApiErrorState } from './api-error.tsx';
import styles from './loaded.module.css';

export interface LoadedProps<T> {
  readonly query: UseQueryResult<T, ApiError>;
  /** The sentence when it fails: "The workers could not be read". */
  readonly what: string;
  readonly lines?: number;
  readonly children: (data: T) => ReactNode;
}

/**
 * What a query gives: a skeleton before, the error instead, and what there was, greyed with its age, when it was lost. While the
 * connection of the whole page is lost the frame greys and tells, once for all parts.
 */
export function Loaded<T>({ query, what, lines, children }: LoadedProps<T>) {
  const lost = useLost();
  if (query.data !== undefined) {
    if (!query.isError || lost) return children(query.data);
    return (
      <div className={styles['stale']}>
        <StaleNote since={query.dataUpdatedAt}>{query.error.title}.</StaleNote>
        <div className={styles['old']}>{children(query.data)}</div>
      </div>
    );
  }
  if (query.isError) return <ApiErrorState what={what} error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton lines={lines} />;
}
