import { hasCode } from '@lovage/foundation';
import {
  levelOf,
  type Delivery,
  type EndedOurs,
  type FreeingEnds,
  type HandedOver,
  type HandOverWish,
  type OutgoingMessage,
  type Successor,
  type TaskCanvas,
  type TaskRow,
  type TaskStore,
  type WorkerLease,
} from '@lovage/ports';
import type { ClaimNumbers } from '../claim/claimer.ts';
import type { Slots } from '../claim/waiting.ts';
import type { TaskEntry } from '../entry.ts';
import type { HandlerTable } from '../handlers.ts';
import type { HeldTasks } from '../intake/held-tasks.ts';
import { admit } from '../intake/admit.ts';
import type { Executor } from '../run/executor.ts';
import type { UnderWay } from '../under-way.ts';
import { sendLeased, type SendLeasedDeps } from './send-leased.ts';

export interface HandOverDeps extends SendLeasedDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: Pick<TaskStore, 'record' | 'postpone' | 'endHandingOver'>;
  readonly lease: Pick<WorkerLease, 'id'>;
  readonly handlers: HandlerTable;
  readonly held: HeldTasks;
  readonly slots: Pick<Slots, 'reserve' | 'freeReserved'>;
  readonly numbers: ClaimNumbers;
  /** Knows the tasks that run here under a lease that was lost: another worker must run them. */
  readonly executor: Pick<Executor, 'lostRuns'>;
  /** As for messages that come. */
  readonly canvas?: TaskCanvas | undefined;
  /** The queues that are consumed now. */
  readonly consumed: ReadonlyMap<string, unknown>;
  /** What is sent and released beside the commits; the stop waits for it. */
  readonly underWay: UnderWay;
}

/** What a statement has written, and the tasks that got a slot in it: each is claimed, and to be run here. */
export interface Written {
  readonly ours: EndedOurs;
  readonly successors: readonly TaskEntry[];
}

/** How long nobody else sends the messages that this worker is about to send, ms. */
const LEASE_MS = 10_000;

/**
 * Hands slots of concurrency limits over: the transaction that ends a task gives its slot to the one that waits longest, and this worker
 * runs that at once, with no message between. Where it cannot, because others wait for its own slots, or the task has a rate
 * or another queue, it sends the message at once. A worker that dies meanwhile loses nothing: claims are released by
 * the sweep, messages whose lease runs out are sent by the relay.
 */
export class HandOver {
  constructor(private readonly deps: HandOverDeps) {}

  /** How these ends are to be written; may be called again until it succeeds. @param entries whose ends they are */
  writing(worker: string, ends: FreeingEnds, entries: readonly TaskEntry[]): () => Promise<Written> {
    const { name, tasks, lease, executor, consumed, numbers } = this.deps;
    const plain = async () => ({ ours: await this.plain(worker, ends), successors: [] });
    if (!entries.some((entry) => entry.limits?.concurrency)) return plain;
    const reserved = worker === lease.id ? this.reserve(entries) : [];
    const keys = keysOf(entries, reserved);
    const claimNos = reserved.map(() => numbers.next());
    let repeated = false;
    let nobody = false;
    return async () => {
      if (nobody) return plain();
      const wish: HandOverWish = {
        ...{ keys, queues: [...consumed.keys()], except: executor.lostRuns(lease.id), claimNos },
        ...{ leaseMs: LEASE_MS, repeated },
      };
      repeated = true;
      let handed: HandedOver;
      try {
        handed = await tasks.endHandingOver({ id: worker, name }, ends, wish);
      } catch (error) {
        if (hasCode(error, 'store_unavailable')) throw error;
        // The ends may be tried one by one from here on: slots that are reserved for this statement are for nobody.
        nobody = true;
        this.follow(worker, [], entries, reserved);
        return plain();
      }
      return { ours: handed.ours, successors: this.follow(worker, handed.successors, entries, reserved) };
    };
  }

  private plain(worker: string, ends: FreeingEnds): Promise<EndedOurs> {
    const { tasks } = this.deps;
    return ends.kind === 'record' ? tasks.record(worker, ends.items) : tasks.postpone(worker, ends.items);
  }

  /** Those whose successors can run here at once, each with a slot of its pool. None at a stop: the slots are closed then. */
  private reserve(entries: readonly TaskEntry[]): TaskEntry[] {
    return entries.filter(
      (entry) =>
        entry.limits?.concurrency && !entry.limits.rate && !entry.options.batch && this.deps.slots.reserve(entry),
    );
  }

  /** Those of the successors that run here. */
  private follow(
    worker: string,
    successors: readonly Successor[],
    entries: readonly TaskEntry[],
    reserved: readonly TaskEntry[],
  ): TaskEntry[] {
    const free = [...reserved];
    const woken: Successor[] = [];
    const here: TaskEntry[] = [];
    for (const successor of successors) {
      if (successor.claimNo === null) woken.push(successor);
      else {
        // Of its key there is one: it was asked for by that.
        const at = Math.max(
          0,
          free.findIndex((entry) => entry.limits?.concurrency?.key === successor.key),
        );
        const [before] = free.splice(at, 1);
        const of = before ?? entries.find((entry) => entry.limits?.concurrency?.key === successor.key)!;
        const entry = this.admit(worker, successor.task, successor.claimNo, of);
        if (entry) here.push(entry);
      }
    }
    for (const entry of free) this.deps.slots.freeReserved(entry);
    if (woken.length > 0) this.deps.underWay.add(this.send(woken));
    return here;
  }

  /** Takes a successor in hand. Undefined: it cannot run here, and its claim is released. */
  private admit(worker: string, row: TaskRow, claimNo: number, before: TaskEntry): TaskEntry | undefined {
    const { messageOf, handlers, held, slots, underWay, canvas } = this.deps;
    const limitKey = before.limits?.concurrency?.key;
    const release = () => underWay.add(this.release(worker, { id: row.id, claimNo, limitKey }));
    const admitted = admit(localDelivery(messageOf(row), release), handlers, canvas);
    // A message of it that is in hand already would be joined by this one, and not run it.
    if (!admitted.ok || held.holds(row.id)) {
      slots.freeReserved(before);
      release();
      return undefined;
    }
    const { entry } = admitted;
    entry.succeed(before, worker, claimNo, row);
    held.take(entry);
    return entry;
  }

  /** Never rejects. */
  private async release(
    worker: string,
    claim: { id: string; claimNo: number; limitKey: string | undefined },
  ): Promise<void> {
    try {
      await this.deps.tasks.postpone(worker, [{ ...claim, kind: 'release', delayMs: 0, error: null }]);
    } catch (error) {
      this.deps.log.error(
        { err: error, task: claim.id },
        'a claim could not be released; the sweep does it when this worker is gone',
      );
    }
  }

  /** Never rejects: what is not sent now the relay sends. */
  private async send(woken: readonly Successor[]): Promise<void> {
    try {
      await sendLeased(woken, this.deps);
    } catch (error) {
      this.deps.log.warn({ err: error }, 'the outbox cannot be told what was sent; messages may be sent twice');
    }
  }
}

/** Keys whose slots come free, and how many of each are reserved for. */
function keysOf(entries: readonly TaskEntry[], reserved: readonly TaskEntry[]): HandOverWish['keys'] {
  const keys = new Map<string, number>();
  for (const { limits } of entries) if (limits?.concurrency) keys.set(limits.concurrency.key, 0);
  for (const { limits } of reserved) keys.set(limits!.concurrency!.key, keys.get(limits!.concurrency!.key)! + 1);
  return [...keys].map(([key, claim]) => ({ key, claim }));
}

/**
 * A message that no broker has: its task was claimed with the slot that it got. To ack it is to do nothing.
 * @param onRefused its claim must be released: nobody delivers it again.
 */
function localDelivery(message: OutgoingMessage, onRefused: () => void): Delivery {
  return {
    queue: message.queue,
    body: message.body,
    contentType: message.contentType,
    contentEncoding: message.contentEncoding,
    headers: message.headers,
    correlationId: message.correlationId,
    replyTo: message.replyTo,
    priority: message.priority,
    level: levelOf(message.priority),
    redelivered: false,
    ack: () => undefined,
    nack: onRefused,
  };
}
