import { queryInvalid } from '../http/parse-query.ts';

/** Where a request that made tasks of many things has stopped. */
export interface RetryPosition {
  /** In the list of those things. */
  readonly position: string;
  /** When the next task is to start, ms since the epoch; null: no rate. */
  readonly dueAt: number | null;
}

const FORM = /^(\d{0,15})~([\x21-\x7d]{1,200})$/;

export function encodeRetryCursor({ position, dueAt }: RetryPosition): string {
  return Buffer.from(`${dueAt ?? ''}~${position}`).toString('base64url');
}

/** @throws ProblemError `query_invalid` for a text that no answer has given. */
export function decodeRetryCursor(cursor: string): RetryPosition {
  const [, dueAt, position] = FORM.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (dueAt === undefined || position === undefined) throw cursorInvalid();
  return { position, dueAt: dueAt === '' ? null : Number(dueAt) };
}

export const cursorInvalid = () => queryInvalid([{ path: 'cursor', message: 'is not valid here; begin without one' }]);
