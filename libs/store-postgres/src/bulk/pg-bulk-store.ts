import { newId, plainArray } from '@lovage/foundation';
import type { BulkFailure, BulkJob, BulkJobState, BulkLease, BulkStep, BulkStore, NewBulkJob } from '@lovage/ports';
import type { Database } from '../database.ts';
import {
  BULK_ADVANCE,
  BULK_CLAIM,
  BULK_FINISH,
  BULK_GET,
  BULK_INSERT,
  BULK_LIST,
  BULK_LOCK,
  BULK_PRUNE,
  BULK_RELEASE,
  BULK_STOP,
  DELETE_DEAD_LETTERS,
  DELETE_TASKS,
} from '../sql/bulk.ts';

interface RawJob {
  id: string;
  spec: string;
  at: Date;
  reason: string;
  actor: string;
  state: BulkJobState;
  matched: number | null;
  complete: boolean;
  done: number;
  skipped: number;
  failed: number;
  failures: BulkFailure[];
  position: string | null;
  error: string | null;
  created_at: Date;
  updated_at: Date;
  ended_at: Date | null;
  stopped_by: string | null;
}

/** Bulk jobs on Postgres. */
export class PgBulkStore implements BulkStore {
  constructor(private readonly database: Database) {}

  insert({ id, spec, at, reason, actor }: NewBulkJob, most: number): Promise<BulkJob | undefined> {
    return this.database.transaction(async (run) => {
      await run(BULK_LOCK, []);
      await run(BULK_PRUNE, []);
      const [row] = await run<RawJob>(BULK_INSERT, [id, spec, at, reason, actor, most]);
      return row && toJob(row);
    });
  }

  async get(id: string): Promise<BulkJob | undefined> {
    const [row] = await this.database.run<RawJob>(BULK_GET, [id]);
    return row && toJob(row);
  }

  async list({
    state,
    limit,
    before,
  }: {
    readonly state?: BulkJobState;
    readonly limit: number;
    readonly before?: string;
  }): Promise<BulkJob[]> {
    return (await this.database.run<RawJob>(BULK_LIST, [state ?? null, before ?? null, limit])).map(toJob);
  }

  async claim({ owner, leaseMs }: BulkLease): Promise<{ job: BulkJob; waitMs: number } | undefined> {
    const [row] = await this.database.run<RawJob & { wait_ms: number | null }>(BULK_CLAIM, [owner, leaseMs]);
    return row && { job: toJob(row), waitMs: row.wait_ms ?? 0 };
  }

  async advance(id: string, { owner, leaseMs }: BulkLease, step: BulkStep): Promise<boolean> {
    const { done = 0, skipped = 0, failed = 0, failures = [], position, waitMs = 0, error = null, matched } = step;
    const gotOn = position !== undefined || done + skipped + failed > 0;
    const values = [
      ...[id, owner, leaseMs, done, skipped, failed, JSON.stringify(failures), position ?? null, waitMs, error],
      ...[matched?.count ?? null, matched?.complete ?? null, gotOn],
    ];
    const [row] = await this.database.run<{ state: BulkJobState }>(BULK_ADVANCE, values);
    return row?.state === 'running';
  }

  async release(id: string, owner: string): Promise<void> {
    await this.database.run(BULK_RELEASE, [id, owner]);
  }

  async finish(
    id: string,
    owner: string,
    state: Exclude<BulkJobState, 'running'>,
    error: string | null,
  ): Promise<boolean> {
    return (await this.database.run(BULK_FINISH, [id, owner, state, error, newId()])).length > 0;
  }

  async stop(id: string, by: string): Promise<{ job: BulkJob; stopped: boolean } | undefined> {
    const [row] = await this.database.run<RawJob>(BULK_STOP, [id, by]);
    if (row) return { job: toJob(row), stopped: true };
    const job = await this.get(id);
    return job && { job, stopped: false };
  }

  async deleteTasks(ids: readonly string[]): Promise<number> {
    const [row] = await this.database.run<{ n: number }>(DELETE_TASKS, [plainArray(ids)]);
    return row!.n;
  }

  async deleteDeadLetters(ids: readonly string[]): Promise<number> {
    const [row] = await this.database.run<{ n: number }>(DELETE_DEAD_LETTERS, [plainArray(ids)]);
    return row!.n;
  }
}

function toJob(row: RawJob): BulkJob {
  const { id, spec, reason, actor, state, matched, complete, done, skipped, failed, failures, position, error } = row;
  return {
    ...{ id, spec, reason, actor, state, matched, complete, done, skipped, failed, failures, position, error },
    at: row.at.getTime(),
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
    endedAt: row.ended_at?.getTime() ?? null,
    stoppedBy: row.stopped_by,
  };
}
