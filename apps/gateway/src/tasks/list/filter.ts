import type { TaskListQuery } from '@lovage/http-api';
import type { TaskFilter } from '@lovage/ports';

/** Of a query, or of a body that names tasks as queries do. */
export function filterOf(query: Partial<TaskListQuery>): TaskFilter {
  const { state, user, limit: _limit, cursor: _cursor, ...same } = query;
  return { ...same, states: state, userId: user?.toLowerCase() };
}
