import type { TestDatabase } from './test-database.ts';

/**
 * Makes the database refuse writes, as one does whose server is being failed over: `default_transaction_read_only`, and every
 * connection is ended. What it gives undoes that, and leaves the connections alone.
 */
export async function makeReadOnly(db: TestDatabase): Promise<() => Promise<void>> {
  // Names of test databases are ours, and need no quotes.
  const [row] = await db.query<{ name: string }>('select current_database() as name');
  const alter = (how: string) => db.query(`begin read write; alter database ${row!.name} ${how}; commit`);
  await alter('set default_transaction_read_only = on');
  await db.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  return async () => void (await alter('reset default_transaction_read_only'));
}
