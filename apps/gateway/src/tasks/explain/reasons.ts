import type { ReasonDocument } from '@lovage/http-api';
import type { BrokerState, QueueDepth, TaskFacts } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import { limitReasons } from './limit-reasons.ts';
import { noWorkerForContract, passedOnReason } from './pass-on-reasons.ts';
import { iso, reason, seconds } from './reason.ts';

/** What the broker says of the task's queue at that moment. */
export interface BrokerFacts {
  readonly state: BrokerState;
  /** Undefined: it is away, or has no such queue. */
  readonly depth: QueueDepth | undefined;
}

/** Why the task is where it is. The reason that decides first comes first. */
export function reasonsOf(facts: TaskFacts, broker: BrokerFacts): ReasonDocument[] {
  const { task, holder } = facts;
  if (isTerminal(task.state)) return endReasons(facts);
  if (holder) return [...cancelReasons(facts), ...holderReasons(facts), ...suspectReasons(facts)];
  return [
    ...cancelReasons(facts),
    ...expiryReasons(facts),
    ...(facts.heldBack ? limitReasons(facts.now, facts.heldBack) : outboxReasons(facts, broker)),
    ...queueReasons(facts, broker),
    ...suspectReasons(facts),
    ...brokerReasons(facts, broker),
  ];
}

function endReasons(facts: TaskFacts): ReasonDocument[] {
  const { task, deadLetter } = facts;
  const { state, finishedAt, error, worker } = task;
  const reasons = cancelReasons(facts);
  if (state === 'EXPIRED') reasons.push(expired(facts));
  const why = whyLetter(facts);
  if (why !== undefined && error) {
    reasons.push(
      reason('dead_letter', `its message ${why} and went to the dead letters: ${error.message}`, {
        data: { message: error.message, letter: deadLetter?.id ?? null, reason: deadLetter?.reason ?? null },
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
function whyLetter({ task: { error }, deadLetter }: TaskFacts): string | undefined {
  if (error?.type === 'MessageMalformed') return 'could not be read';
  if (error?.type === 'MessageGivenUp') return 'was given up by the broker';
  if (error?.type === 'InputInvalidError' && deadLetter?.reason === 'input_invalid')
    return 'was made for another version of its contract, is held for redrive';
  return undefined;
}

function cancelReasons({ task, holder }: TaskFacts): ReasonDocument[] {
  const { cancelAt: at, cancelBy: by, cancelWhy: why, state } = task;
  // A mark that came after the end changed nothing.
  if (at === null || (isTerminal(state) && state !== 'REVOKED')) return [];
  const then = holder ? '; the worker that runs it ends it within seconds' : '';
  const text = `it was called off by ${by ?? 'somebody who is not recorded'}${why === null ? '' : `: ${why}`}${then}`;
  return [reason('cancelled', text, { since: at, data: { actor: by, reason: why } })];
}

function holderReasons({ now, task, holder }: TaskFacts): ReasonDocument[] {
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
  const text = `worker ${known}, which ran it, is taken for dead; within seconds the task is put back, or another worker takes it over`;
  return [reason('worker_lost', text, { since: leaseUntil ?? task.startedAt, data })];
}

function expiryReasons(facts: TaskFacts): ReasonDocument[] {
  return facts.expired ? [expired(facts)] : [];
}

function expired({ task }: TaskFacts): ReasonDocument {
  const { expiresAt } = task;
  return reason('expired', 'it had not started when its time was over; it does not run any more', {
    since: expiresAt,
    data: { expiresAt: iso(expiresAt) },
  });
}

/** Of a task whose message is not with the broker. */
function outboxReasons(facts: TaskFacts, { state }: BrokerFacts): ReasonDocument[] {
  const { now, task, outbox, lastAttempt, passedOn, serveContract } = facts;
  if (!outbox) return [];
  const { dueAt, due } = outbox;
  const error = lastAttempt?.error as { type?: unknown; message?: unknown } | null | undefined;
  const last = lastAttempt && {
    outcome: lastAttempt.outcome,
    endedAt: iso(lastAttempt.endedAt),
    error: error ? { type: error.type, message: error.message } : null,
  };
  if (due) {
    const why =
      state === 'down'
        ? 'the broker is away'
        : state === 'blocked'
          ? 'the broker takes no messages'
          : 'no beat has sent it yet: is one running?';
    return [
      reason('unpublished', `its message should be with the broker since ${seconds(now - dueAt)}; ${why}`, {
        since: dueAt,
        data: { broker: state },
      }),
    ];
  }
  // Where no worker serves it, that is what it waits for.
  if (passedOn) return serveContract === 0 ? [] : [passedOnReason(facts, passedOn, dueAt)];
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

function queueReasons(facts: TaskFacts, { depth }: BrokerFacts): ReasonDocument[] {
  const { task, pause, serveQueue, serveContract } = facts;
  const { queue } = task;
  const reasons: ReasonDocument[] = [];
  if (pause) {
    const by = `by ${pause.by ?? 'somebody who is not recorded'}${pause.why === null ? '' : `: ${pause.why}`}`;
    reasons.push(
      reason('queue_paused', `queue ${queue} is paused ${by}`, {
        since: pause.at,
        data: { queue, actor: pause.by, reason: pause.why },
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
  } else if (serveContract === 0) reasons.push(noWorkerForContract(facts));
  return reasons;
}

function suspectReasons({ task, quarantineBefore: before }: TaskFacts): ReasonDocument[] {
  const { suspected, crashes, quarantineGroup } = task;
  if (typeof quarantineGroup !== 'number' && crashes === 0) return [];
  const group = crashes > 0 ? 1 : (quarantineGroup ?? null);
  const beside = group === 1 ? 'alone' : `with at most ${(group ?? 1) - 1} others`;
  const what = before === null ? 'it runs in quarantine' : `it waits for quarantine, ${before} before it`;
  const text = `${what}: workers died ${suspected} times and child processes ${crashes} times while it ran, so a worker that has child processes runs it ${beside} in one`;
  return [reason('quarantined', text, { data: { suspected, crashes, group, before } })];
}

function brokerReasons({ task, outbox, heldBack }: TaskFacts, { state, depth }: BrokerFacts): ReasonDocument[] {
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
