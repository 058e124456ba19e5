import type { RevokeReport } from '@lovage/client';
import type { RevokeManyAnswer } from '@lovage/http-api';
import { encodeCursor } from './list/cursor.ts';

/** What a request that called many tasks off tells. */
export function manyAnswer({ next, ...counts }: RevokeReport): RevokeManyAnswer {
  return { ...counts, nextCursor: next && encodeCursor(next) };
}
