import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';

/** Where messages go that no worker can run. */
export const DEAD_LETTERS = 'lovage.dead';
const PATIENCE_MS = 15_000;

export interface Expected {
  /** Messages among the dead letters before the scenario. */
  readonly deadLetters: number;
}

/** What is left behind once every task has ended, and must not be. Workers still run. */
export async function remains(stage: Stage, { deadLetters }: Expected): Promise<string[]> {
  const found: string[] = [];
  // Messages of tasks that ended meanwhile are still on their way to a worker, which acks them.
  const waiting = await untilZero(() => stage.broker.ready(stage.queue));
  if (waiting > 0) found.push(`${waiting} messages still wait in the queue`);
  // Of the scenario's own tasks: a schedule that ships may fire at a full hour, for a queue that no worker serves here.
  const unsent = await untilZero(() =>
    count(stage, 'select count(*)::int as n from outbox o join tasks t on t.id = o.task_id where t.queue = $1', [
      stage.queue,
    ]),
  );
  if (unsent > 0) found.push(`${unsent} messages still wait in the outbox`);
  const dead = (await stage.broker.ready(DEAD_LETTERS)) + (await collected(stage)) - deadLetters;
  if (dead > 0) found.push(`${dead} messages were given up as dead letters`);
  const claimed = await count(stage, 'select count(*)::int as n from tasks where claim_worker is not null');
  if (claimed > 0) found.push(`${claimed} tasks are still claimed`);
  const miscounted = await stage.query<{ state: string; counted: number; real: number }>(
    `select state, coalesce(c.n, 0)::int as counted, coalesce(r.n, 0)::int as real
     from (select state, sum(n) as n from task_counts group by state) c
     full join (select state, count(*) as n from tasks where finished_at is not null group by state) r using (state)
     where coalesce(c.n, 0) <> coalesce(r.n, 0)`,
  );
  for (const { state, counted, real } of miscounted)
    found.push(`${real} tasks are ${state}, and the platform counted ${counted}`);
  return found;
}

/** Once the workers have stopped: what they held and did not ack is in the queue again. */
export async function unacked(stage: Stage): Promise<string[]> {
  const left = await stage.broker.ready(stage.queue);
  return left > 0 ? [`${left} messages were never acked`] : [];
}

/** Dead letters that the beats have taken out of the broker; those from before the scenario among them. */
const collected = (stage: Stage): Promise<number> => count(stage, 'select count(*)::int as n from dead_letters');

async function count(stage: Stage, sql: string, values: unknown[] = []): Promise<number> {
  return (await stage.query<{ n: number }>(sql, values))[0]!.n;
}

async function untilZero(ask: () => Promise<number>): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = await ask();
    if (left === 0 || performance.now() > deadline) return left;
    await sleep(200);
  }
}
