import { isUuid } from '@lovage/foundation';
import type { TaskPosition } from '@lovage/ports';
import { queryInvalid } from '../../http/parse-query.ts';

/** The last moment that JavaScript and Postgres both can keep, ms: the year 9999. */
const LATEST = Date.UTC(9999, 11, 31);
const FORM = /^(\d{1,15})\.([0-9a-f-]{36})$/;

/** A position as the text that clients hand back. It tells nothing that the list did not, so it is checked, not signed. */
export function encodeCursor({ createdAt, id }: TaskPosition): string {
  return Buffer.from(`${createdAt}.${id}`).toString('base64url');
}

/** @throws ProblemError `query_invalid` for a text that no list has given. */
export function decodeCursor(cursor: string): TaskPosition {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, createdAt, id] = FORM.exec(text) ?? [];
  if (
    createdAt === undefined ||
    !isUuid(id!) ||
    Number(createdAt) > LATEST ||
    encodeCursor({ createdAt: Number(createdAt), id: id! }) !== cursor
  )
    throw queryInvalid([{ path: 'query.cursor', message: 'is no cursor of this list; begin without one' }]);
  return { createdAt: Number(createdAt), id: id! };
}
