import type { ReasonDocument } from '@lovage/http-api';
import type { BrokerState, QueueDepth, ExplainedTask } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import { limitReasons } from './limit-reasons.ts';
import { noWorkerForContract, passedOnReason } from './pass-on-reasons.ts';
import { iso, reason, seconds } from './reason.ts';

/** What the broker says of the task's queue at that moment. */
export interface BrokerReading {
  readonly state: BrokerState;
  /** Undefined: it is away, or has no such queue. */
  readonly depth: QueueDepth | undefined;
}

/** Why the task is where it is. The reason that decides first comes first. */
export function reasonsOf(explained: ExplainedTask, broker: BrokerReading): ReasonDocument[] {
  const { task, holder } = explained;
  if (isTerminal(task.state)) return endReasons(explained);
  if (holder) return [...cancelReasons(explained), ...holderReasons(explained), ...suspectReasons(explained)];
  return [
    ...cancelReasons(explained),
    ...expiryReasons(explained),
    ...(explained.heldBack ? limitReasons(explained.now, explained.heldBack) : outboxReasons(explained, broker)),
    ...queueReasons(explained, broker),
    ...suspectReasons(explained),
    ...brokerReasons(explained, broker),
  ];
}

function endReasons(explained: ExplainedTask): ReasonDocument[] {
  const { task, deadLetter } = explained;
  const { state, finishedAt, error, worker } = task;
  const reasons = cancelReasons(explained);
  if (state === 'EXPIRED') reasons.push(expired(explained));
  const died = deadLetterReason(explained);
  if (died !== undefined && error) {
    // `letter` is the name of releases up to 0.1; the next one drops it.
    const id = deadLetter?.id ?? null;
    reasons.push(
      reason('dead_letter', `its message ${died} and went to the dead letters: ${error.message}`, {
        data: { message: error.message, deadLetter: id, letter: id, reason: deadLetter?.reason ?? null },
      }),
    );
  }
  const how = state === 'SUCCESS' || error === null ? '' : `: ${error.type}: ${error.message}`;
  const attempts = task.startedAt === null ? 0 : task.retries + 1;
  reasons.push(
    reason('ended', `it ended ${state}${how}`, {
      since: finishedAt,
      data: { state, worker, attempts, error: error && { type: error.type, message: error.message } },
    }),
  );
  return reasons;
}

/** Why its message is a dead letter, if that is how it ended. */
function deadLetterReason({ task: { error }, deadLetter }: ExplainedTask): string | undefined {
  if (error?.type === 'MessageMalformed') return 'could not be read';
  if (error?.type === 'MessageGivenUp') return 'was given up by the broker';
  if (error?.type === 'InputInvalidError' && deadLetter?.reason === 'input_invalid')
    return 'was made for another version of its contract, is held for redrive';
  return undefined;
}

function cancelReasons({ task, holder }: ExplainedTask): ReasonDocument[] {
  const { cancelAt: at, cancelActor: actor, cancelReason, state } = task;
  // A cancel request that came after the end changed nothing.
  if (at === null || (isTerminal(state) && state !== 'REVOKED')) return [];
  const then = holder ? '; the worker that runs it ends it within seconds' : '';
  const text = `it was cancelled by ${actor ?? 'somebody who is not recorded'}${cancelReason === null ? '' : `: ${cancelReason}`}${then}`;
  return [reason('cancelled', text, { since: at, data: { actor, reason: cancelReason } })];
}

function holderReasons({ now, task, holder }: ExplainedTask): ReasonDocument[] {
  const { id, name, host, pid, pool, leaseUntil, alive } = holder!;
  const known = name ?? task.worker ?? id;
  const data = { worker: known, id, host, pid, pool, attempt: task.retries + 1, progress: task.progress ?? null };
  if (alive)
    return [
      reason('held_by_worker', `worker ${known} runs it, for ${seconds(now - (task.startedAt ?? now))} so far`, {
        since: task.startedAt,
        until: leaseUntil,
        data,
      }),
    ];
  const text = `worker ${known}, which ran it, is taken for dead; within seconds the task is requeued, or another worker takes it over`;
  return [reason('worker_lost', text, { since: leaseUntil ?? task.startedAt, data })];
}

function expiryReasons(explained: ExplainedTask): ReasonDocument[] {
  return explained.expired ? [expired(explained)] : [];
}

function expired({ task }: ExplainedTask): ReasonDocument {
  const { expiresAt } = task;
  return reason('expired', 'it had not started when its time was over; it does not run any more', {
    since: expiresAt,
    data: { expiresAt: iso(expiresAt) },
  });
}

/** Of a task whose message is not with the broker. */
function outboxReasons(explained: ExplainedTask, { state }: BrokerReading): ReasonDocument[] {
  const { now, task, outbox, lastAttempt, passedOn, serveContract } = explained;
  if (!outbox) return [];
  const { dueAt, due } = outbox;
  const error = lastAttempt?.error as { type?: unknown; message?: unknown } | null | undefined;
  const last = lastAttempt && {
    outcome: lastAttempt.outcome,
    endedAt: iso(lastAttempt.endedAt),
    error: error ? { type: error.type, message: error.message } : null,
  };
  if (due) {
    const cause =
      state === 'down'
        ? 'the broker is away'
        : state === 'blocked'
          ? 'the broker takes no messages'
          : 'no beat has sent it yet: is one running?';
    return [
      reason('unpublished', `its message should be with the broker since ${seconds(now - dueAt)}; ${cause}`, {
        since: dueAt,
        data: { broker: state },
      }),
    ];
  }
  // Where no worker serves it, that is what it waits for.
  if (passedOn) return serveContract === 0 ? [] : [passedOnReason(explained, passedOn, dueAt)];
  const inSeconds = Math.max(0, (dueAt - now) / 1000);
  if (task.state === 'RETRY')
    return [
      reason('retry_due', `it failed, and is tried again in ${seconds(dueAt - now)}`, {
        since: lastAttempt?.endedAt,
        until: dueAt,
        data: { inSeconds, failures: task.retries, last },
      }),
    ];
  return [
    reason('eta', `its time comes in ${seconds(dueAt - now)}`, {
      until: dueAt,
      data: { inSeconds, last: last ?? null },
    }),
  ];
}

function queueReasons(explained: ExplainedTask, { depth }: BrokerReading): ReasonDocument[] {
  const { task, pause, serveQueue, serveContract } = explained;
  const { queue } = task;
  const reasons: ReasonDocument[] = [];
  if (pause) {
    const by = `by ${pause.actor ?? 'somebody who is not recorded'}${pause.reason === null ? '' : `: ${pause.reason}`}`;
    reasons.push(
      reason('queue_paused', `queue ${queue} is paused ${by}`, {
        since: pause.at,
        data: { queue, actor: pause.actor, reason: pause.reason },
      }),
    );
  }
  if (serveQueue === 0) {
    const others = depth?.consumers
      ? `; ${depth.consumers} subscriptions to it at the broker are of Celery workers, or of workers that have just gone`
      : '; start one with this queue in WORKER_QUEUES';
    reasons.push(
      reason('no_worker_for_queue', `no live worker serves queue ${queue}${others}`, {
        data: { queue, consumers: depth?.consumers ?? null },
      }),
    );
  } else if (serveContract === 0) reasons.push(noWorkerForContract(explained));
  return reasons;
}

function suspectReasons({ task, quarantineBefore: before }: ExplainedTask): ReasonDocument[] {
  const { suspected, crashes, quarantineGroup } = task;
  if (typeof quarantineGroup !== 'number' && crashes === 0) return [];
  const group = crashes > 0 ? 1 : (quarantineGroup ?? null);
  const beside = group === 1 ? 'alone' : `with at most ${(group ?? 1) - 1} others`;
  const what = before === null ? 'it runs in quarantine' : `it waits for quarantine, ${before} before it`;
  const text = `${what}: workers died ${suspected} times and child processes ${crashes} times while it ran, so a worker that has child processes runs it ${beside} in one`;
  return [reason('quarantined', text, { data: { suspected, crashes, group, before } })];
}

function brokerReasons({ task, outbox, heldBack }: ExplainedTask, { state, depth }: BrokerReading): ReasonDocument[] {
  if (outbox || heldBack) return [];
  const { queue } = task;
  const text = depth
    ? `its message is with the broker, behind at most ${depth.ready} others that wait in queue ${queue}, or on its way to a worker`
    : `its message is with the broker, which ${state === 'down' ? 'is away' : `tells nothing of queue ${queue}`}`;
  return [
    reason('with_broker', text, {
      data: { queue, broker: state, ready: depth?.ready ?? null, consumers: depth?.consumers ?? null },
    }),
  ];
}
