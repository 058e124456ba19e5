import type { Clock } from '@lovage/ports';
import { Database, type DatabaseOptions } from './database.ts';
import { PgOutboxStore } from './outbox/pg-outbox-store.ts';
import { PgSweepStore } from './sweep/pg-sweep-store.ts';
import { PgTaskStore } from './tasks/pg-task-store.ts';

/** The stores of one database, on shared connections. */
export interface PgStore {
  readonly tasks: PgTaskStore;
  readonly outbox: PgOutboxStore;
  readonly sweep: PgSweepStore;
  /** Resolves when Postgres answers. @throws StoreUnavailableError */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Connections are made when first used; call `ping` to know that they can be. */
export function openStore(options: DatabaseOptions & { clock?: Clock }): PgStore {
  const database = new Database(options);
  return {
    tasks: new PgTaskStore(database),
    outbox: new PgOutboxStore(database),
    sweep: new PgSweepStore(database, options.clock),
    ping: async () => void (await database.run({ name: 'ping', text: 'select 1' }, [])),
    close: () => database.close(),
  };
}
