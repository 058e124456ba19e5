import { isOutage } from '@lovage/foundation';
import { StoreUnavailableError } from '@lovage/ports';

/** Runs a query; an error of the connection becomes {@link StoreUnavailableError}, any other stays as it is. */
export async function asStoreError<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new StoreUnavailableError('Postgres cannot be reached or refuses work; nothing was written', {
      cause: error,
    });
  }
}

/** P1…: the connection; P2024, P2028, P2037: none to be had. */
const AWAY = /^P(1\d{3}|2024|2028|2037)$/;

/** Whether this, thrown by Prisma on the `pg` adapter, tells of the connection rather than of the query. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, meta, cause } = error as { code?: unknown; meta?: { driverAdapterError?: unknown }; cause?: unknown };
  if (typeof code === 'string' && AWAY.test(code)) return true;
  const driver = (meta?.driverAdapterError as { cause?: unknown } | undefined)?.cause ?? cause;
  const original = (driver as { originalCode?: unknown } | undefined)?.originalCode;
  if (typeof original === 'string') return isOutage(original);
  // What neither Prisma nor Postgres has given a code is of the socket or the pool.
  return code === undefined && error.name === 'Error';
}
