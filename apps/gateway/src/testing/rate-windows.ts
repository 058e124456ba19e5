import type { TestClock, TestDatabase } from '@lovage/testing';

/** So much time passes for what was counted, and for the gateway whose clock it is. */
export async function passWindows(db: TestDatabase, clock: TestClock, ms: number): Promise<void> {
  await db.query('update rate_counters set expire = expire - $1::bigint', [ms]);
  await clock.advance(ms);
}
