import type { FiringKey } from '@lovage/ports';
import { queryInvalid } from '../http/parse-query.ts';

/** The year 9999, ms: beyond it is nothing that a list has given. */
const LATEST = Date.UTC(9999, 11, 31);

/** The last firing of a page, as clients return it. */
export function encodeFiringCursor({ dueAt, trigger }: FiringKey): string {
  return `${dueAt}.${trigger}`;
}

/** @throws ProblemError `query_invalid` for a text that no list has given. */
export function decodeFiringCursor(cursor: string): FiringKey {
  const [, dueAt, trigger] = /^(\d{1,15})\.(schedule|manual)$/.exec(cursor) ?? [];
  if (dueAt === undefined || Number(dueAt) > LATEST)
    throw queryInvalid([{ path: 'query.cursor', message: 'is no cursor of this list; begin without one' }]);
  return { dueAt: Number(dueAt), trigger: trigger as FiringKey['trigger'] };
}
