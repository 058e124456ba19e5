import { isUuid } from '@lovage/foundation';
import type { TaskPosition, TaskSort } from '@lovage/ports';
import { queryInvalid } from '../../http/parse-query.ts';

/** The last moment that JavaScript and Postgres both can keep, ms: the year 9999. */
const LATEST = Date.UTC(9999, 11, 31);
const FORM = /^(\d{1,15})\.([0-9a-f-]{36})(?:\.(oldest|ended))?$/;

/** A position as the text that clients return. It tells nothing that the list did not, so it is checked, not signed. */
export function encodeCursor({ at, id }: TaskPosition, sort: TaskSort = 'newest'): string {
  return Buffer.from(`${at}.${id}${sort === 'newest' ? '' : `.${sort}`}`).toString('base64url');
}

/** @throws ProblemError `query_invalid` for a text that no list of this order has given. */
export function decodeCursor(cursor: string, sort: TaskSort = 'newest'): TaskPosition {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, at, id, order = 'newest'] = FORM.exec(text) ?? [];
  if (
    at === undefined ||
    order !== sort ||
    !isUuid(id!) ||
    Number(at) > LATEST ||
    encodeCursor({ at: Number(at), id: id! }, sort) !== cursor
  )
    throw queryInvalid([{ path: 'query.cursor', message: 'is no cursor of this list; begin without one' }]);
  return { at: Number(at), id: id! };
}
