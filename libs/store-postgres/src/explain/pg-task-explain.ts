import type { QueuePause, TaskExplain, ExplainedTask, TaskHolder } from '@lovage/ports';
import type { Database } from '../database.ts';
import { ofType } from '../workers/known-worker.ts';
import { EXPLAIN } from '../sql/explain.ts';
import { toTaskRow, type RawTask } from '../task-row.ts';

/** Where a task is, on Postgres. */
export class PgTaskExplain implements TaskExplain {
  constructor(private readonly database: Database) {}

  async read(id: string): Promise<ExplainedTask | undefined> {
    const [raw] = await this.database.run<RawExplained & Record<string, unknown>>(EXPLAIN, [id]);
    if (!raw) return undefined;
    return {
      now: raw.at.getTime(),
      task: toTaskRow(raw),
      expired: raw.expired,
      pause: raw.pause,
      holder: holderOf(raw),
      outbox: raw.message_here,
      heldBack: raw.held_back,
      lastAttempt: raw.last_attempt,
      deadLetter: raw.dead_letter,
      quarantineBefore: raw.quarantine_before,
      serveQueue: raw.serve_queue,
      serveContract: raw.serve_contract,
      serving: raw.serving ?? [],
      elsewhere: raw.elsewhere ?? [],
      passedOn: raw.passed_on,
    };
  }
}

interface RawExplained extends RawTask {
  at: Date;
  expired: boolean;
  pause: QueuePause | null;
  holder: { name: string; info: unknown; leaseUntil: number; alive: boolean } | null;
  message_here: ExplainedTask['outbox'];
  held_back: ExplainedTask['heldBack'];
  last_attempt: ExplainedTask['lastAttempt'];
  dead_letter: ExplainedTask['deadLetter'];
  quarantine_before: number | null;
  serve_queue: number;
  serve_contract: number;
  serving: ExplainedTask['serving'] | null;
  elsewhere: ExplainedTask['elsewhere'] | null;
  passed_on: ExplainedTask['passedOn'];
}

function holderOf({ claim_worker: id, holder }: RawExplained): TaskHolder | null {
  if (id === null) return null;
  const info = (holder?.info ?? {}) as Record<string, unknown>;
  return {
    id,
    name: holder?.name ?? null,
    host: ofType('string', info['host']),
    pid: ofType('number', info['pid']),
    pool: ofType('string', info['pool']),
    leaseUntil: holder?.leaseUntil ?? null,
    alive: holder?.alive ?? false,
  };
}
