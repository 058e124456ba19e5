import type { RunningTask, WorkerDocument, WorkerStatus } from '@lovage/http-api';
import type { KnownWorker, WorkerTask } from '@lovage/ports';

/** A worker as the API shows it. */
export function workerDocument(worker: KnownWorker): WorkerDocument {
  const { oldestRunningAt, startedAt, seenAt, leaseUntil, goneAt, queues, contracts, serves } = worker;
  const { leased: _leased, stopping: _stopping, replaced: _replaced, ...same } = worker;
  return {
    ...same,
    status: statusOf(worker),
    death: deathOf(worker),
    queues: [...queues],
    contracts: contracts && [...contracts],
    serves: serves && [...serves],
    oldestRunningAt: timeOf(oldestRunningAt),
    startedAt: timeOf(startedAt),
    seenAt: timeOf(seenAt),
    leaseUntil: timeOf(leaseUntil),
    goneAt: timeOf(goneAt),
  };
}

export function statusOf(worker: KnownWorker): WorkerStatus {
  if (worker.goneAt === null) return !worker.leased ? 'dead' : worker.stopping ? 'stopping' : 'live';
  // A worker of an older release does not tell that it stops.
  return worker.leased && (worker.stopping || worker.seenAt === null) ? 'stopped' : 'dead';
}

function deathOf(worker: KnownWorker): WorkerDocument['death'] {
  if (statusOf(worker) !== 'dead') return null;
  const { leased, replaced, stopping, seenAt, leaseUntil } = worker;
  if (leased)
    return { code: 'removed', detail: 'its row in workers was deleted while its lease ran, by no part of Lovage' };
  const since =
    seenAt === null ? `its lease ran out at ${timeOf(leaseUntil)}` : `it was last seen at ${timeOf(seenAt)}`;
  if (replaced)
    return {
      code: 'lease_taken_anew',
      detail: `${since}; the same process goes on under another lease, for it did not reach PostgreSQL in time`,
    };
  if (stopping)
    return { code: 'lease_ended_stopping', detail: `${since}; it was asked to stop and ended before it was done` };
  return {
    code: 'lease_ended',
    detail: `${since}; its process was killed or hangs, or it cannot reach PostgreSQL`,
  };
}

export function runningTask({ id, wireId, retries, startedAt, seconds, ...same }: WorkerTask): RunningTask {
  return {
    ...same,
    id: wireId ?? id,
    attempt: retries + 1,
    startedAt: timeOf(startedAt),
    seconds: seconds === null ? null : Math.max(0, seconds),
  };
}

function timeOf(ms: number): string;
function timeOf(ms: number | null): string | null;
function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
