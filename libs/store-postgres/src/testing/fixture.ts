import { newId } from '@lovage/foundation';
import { blankTask, type ClaimItem, type NewTask } from '@lovage/ports';
import { silentLog, testDatabase, type TestDatabase } from '@lovage/testing';
import { openStore, type PgStore } from '../open-store.ts';

/** A database with its stores, for one test. */
export interface StoreFixture extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly store: PgStore;
  /** A worker whose lease holds for `leaseMs` (default a minute; negative: it has lapsed). */
  worker(leaseMs?: number): Promise<{ id: string; name: string }>;
}

export async function fixture(): Promise<StoreFixture> {
  const db = await testDatabase();
  const store = openStore({ url: db.url, log: silentLog });
  return {
    db,
    store,
    async worker(leaseMs = 60_000) {
      const id = newId();
      const name = `worker-${id.slice(-4)}`;
      await db.query(
        "insert into workers (id, name, lease_until) values ($1, $2, now() + $3::float8 * interval '1 ms')",
        [id, name, leaseMs],
      );
      return { id, name };
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await db.drop();
    },
  };
}

export function newTask(overrides: Partial<NewTask> = {}): NewTask {
  return blankTask({ id: newId(), name: 'test.task', queue: 'default', input: '{"x":1}', ...overrides });
}

let claimNo = 0;

export function claimOf(task: NewTask, overrides: Partial<ClaimItem> = {}): ClaimItem & { readonly id: string } {
  claimNo += 1;
  return { id: task.id, task, generation: 0, claimNo, hadRow: false, ...overrides };
}
