import { isMissingTable, LovageError } from '@lovage/foundation';
import type { Connection } from '../connection/connection.ts';
import type { BrokerStatement } from '../connection/statement.ts';
import { MIGRATIONS, SCHEMA } from './migrations.ts';

/** The storage was made by a newer version of Lovage than this one. */
export class BrokerStorageTooNewError extends LovageError {
  readonly code = 'broker_storage_too_new';
}

const VERSION: BrokerStatement = { name: 'broker-storage-version', text: `select version from ${SCHEMA}.storage` };

// Any number will do, so long as nobody else uses it in the same database.
const STORAGE_LOCK = '4923187261540';

/**
 * Makes the broker's tables, or brings them up to date. Several processes may call it at once: one does the work, the
 * others wait for it. Where all is in place it reads one row, so a role without the right to create schemas will do then.
 * @throws BrokerStorageTooNewError
 */
export async function ensureStorage(connection: Connection): Promise<void> {
  if ((await readVersion(connection)) === MIGRATIONS.length) return;
  // Held by the session, hence released also when this connection breaks.
  await connection.script(`select pg_advisory_lock(${STORAGE_LOCK})`);
  try {
    const version = await readVersion(connection);
    if (version > MIGRATIONS.length) {
      throw new BrokerStorageTooNewError(
        `the broker's tables (schema ${SCHEMA}) have version ${version}, this program knows ${MIGRATIONS.length}: upgrade it`,
      );
    }
    for (let next = version; next < MIGRATIONS.length; next += 1) await connection.script(step(next));
  } finally {
    await connection.script(`select pg_advisory_unlock(${STORAGE_LOCK})`).catch(() => undefined);
  }
}

/** A script of several statements is one transaction: a step is taken whole or not at all. */
function step(index: number): string {
  const first = `create schema if not exists ${SCHEMA}; create table ${SCHEMA}.storage (version int not null);
insert into ${SCHEMA}.storage values (0);`;
  return `${index === 0 ? first : ''}${MIGRATIONS[index]}; update ${SCHEMA}.storage set version = ${index + 1};`;
}

async function readVersion(connection: Connection): Promise<number> {
  try {
    const [row] = await connection.run(VERSION, []);
    return Number(row?.[0] ?? 0);
  } catch (error) {
    if (isMissingTable(error)) return 0;
    throw error;
  }
}
