import type { RunningTask, WorkerDocument, WorkerStatus } from '@lovage/http-api';
import { publicIdOf, taskIdOf } from '@lovage/celery';
import type { KnownCeleryWorker, KnownWorker, WorkerTask } from '@lovage/ports';

/** A worker as the API shows it. */
export function workerDocument(worker: KnownWorker): WorkerDocument {
  const { oldestRunningAt, startedAt, seenAt, leaseUntil, goneAt, queues, contracts, serves } = worker;
  const { leased: _leased, stopping: _stopping, replaced: _replaced, ...same } = worker;
  return {
    ...same,
    kind: 'lovage',
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

/** A worker of Celery, by its events. What they do not tell is null. */
export function celeryWorkerDocument(worker: KnownCeleryWorker): WorkerDocument {
  const { name, pid, active, alive, startedAt, seenAt, goneAt, freq, software, version } = worker;
  const seen = timeOf(seenAt);
  return {
    ...{ id: taskIdOf(`celery-worker ${name}`), kind: 'celery', name, pid, status: celeryStatusOf(worker) },
    death:
      alive || goneAt !== null
        ? null
        : {
            code: 'heartbeat_missed',
            detail: `its last heartbeat came at ${seen}, and one should come each ${freq} s`,
          },
    host: name.slice(name.indexOf('@') + 1),
    pool: software === null ? null : `${software} ${version ?? ''}`.trim(),
    ...{ queues: [], contracts: null, serves: null, concurrency: null, running: active ?? 0, oldestRunningAt: null },
    vitals: {
      ...{ slots: null, slotsUsed: active, waiting: null, cpu: null, memoryMb: null },
      ...{ eventLoopDelayMs: null, eventLoopUse: null },
    },
    ...{ startedAt: timeOf(startedAt), seenAt: seen, leaseUntil: timeOf(seenAt + 5000 * freq) },
    ...{ goneAt: timeOf(goneAt), held: null },
  };
}

export const celeryStatusOf = ({ alive, goneAt }: KnownCeleryWorker): WorkerStatus =>
  goneAt !== null ? 'stopped' : alive ? 'live' : 'dead';

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

export function runningTask(task: WorkerTask): RunningTask {
  const { name, queue, state, retries, startedAt, seconds } = task;
  return {
    ...{ id: publicIdOf(task), name, queue, state },
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
