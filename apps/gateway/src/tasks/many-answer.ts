import type { RevokeReport } from '@lovage/client';
import type { RevokeManyAnswer } from '@lovage/http-api';
import { encodeCursor } from './list/cursor.ts';

/** What a request that cancelled many tasks tells. */
export function manyAnswer({ next, ...counts }: RevokeReport): RevokeManyAnswer {
  // `marked` is the name of releases up to 0.1; the next one drops it.
  return { ...counts, marked: counts.cancelRequested, nextCursor: next && encodeCursor(next) };
}
