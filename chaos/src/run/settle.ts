import { setTimeout as sleep } from 'node:timers/promises';
import type { EndRow } from '../count/task-counts.ts';
import type { Stage } from './stage.ts';

const EVERY_MS = 250;

/**
 * Resolves when every row has ended and each accepted task has one, or when for `patienceMs` none has ended any more.
 * Postgres may be away meanwhile.
 */
export async function settle(stage: Stage, patienceMs: number): Promise<void> {
  const { load, queue } = stage;
  let best = -1;
  let since = performance.now();
  for (;;) {
    const [count] = await stage
      .query<{ open: number; ended: number }>(
        `select count(*) filter (where finished_at is null)::int as open, count(finished_at)::int as ended
         from tasks where queue = $1`,
        [queue],
      )
      .catch(() => []);
    if (count && count.open === 0 && count.ended >= load.accepted.size) return;
    if (count && count.ended > best) {
      best = count.ended;
      since = performance.now();
    }
    if (performance.now() - since > patienceMs) return;
    await sleep(EVERY_MS);
  }
}

export function readRows(stage: Stage): Promise<EndRow[]> {
  return stage.query<EndRow & { id: string }>(
    `select id, state, result, error, finished_at is not null as ended, claim_worker is not null as claimed,
       exists (select from outbox o where o.task_id = t.id) as outbox
     from tasks t where queue = $1`,
    [stage.queue],
  );
}
