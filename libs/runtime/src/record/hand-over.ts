import { hasCode } from '@lovage/foundation';
import type {
  Broker,
  EndedOurs,
  FreeingEnds,
  HandedOver,
  HandOverWish,
  Log,
  OutboxStore,
  OutgoingMessage,
  Successor,
  TaskRow,
  TaskStore,
  WorkerLease,
} from '@lovage/ports';
import { grant, type Claimer } from '../claim/claimer.ts';
import type { TaskEntry } from '../entry.ts';
import type { HandlerTable } from '../handlers.ts';
import type { HeldTasks } from '../intake/held-tasks.ts';
import { admit } from '../intake/intake.ts';
import { localDelivery } from '../intake/local-delivery.ts';
import type { UnderWay } from '../under-way.ts';

export interface HandOverDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: Pick<TaskStore, 'record' | 'postpone' | 'endHandingOver'>;
  readonly outbox: Pick<OutboxStore, 'published' | 'release'>;
  readonly broker: Pick<Broker, 'publish'>;
  readonly lease: Pick<WorkerLease, 'id'>;
  readonly handlers: HandlerTable;
  readonly held: HeldTasks;
  readonly claimer: Pick<Claimer, 'nextClaimNo' | 'reserveSlot' | 'freeReserved'>;
  readonly underWay: UnderWay;
  readonly log: Log;
  messageOf(row: TaskRow): OutgoingMessage;
  /** Those that are consumed now. */
  queues(): readonly string[];
  /** Tasks that run here under a lease that was lost: another worker must run them. */
  lost(): readonly string[];
  stopping(): boolean;
  /** A task is claimed and has a slot; run it. */
  onClaimed(entry: TaskEntry): void;
}

/** How long nobody else sends the messages that this worker is about to send, ms. */
const LEASE_MS = 10_000;

/**
 * Hands slots of concurrency limits over: the transaction that ends a task gives its slot to the one that waits longest, and this worker
 * runs that at once, with no message between. Where it cannot, because others wait for its own slots, or the task has a rate
 * or another queue, it sends the message at once. A worker that dies meanwhile loses nothing: claims are put back by
 * the sweep, messages whose lease runs out are sent by the relay.
 */
export class HandOver {
  constructor(private readonly deps: HandOverDeps) {}

  /** How these ends are to be written; may be called again until it succeeds. @param entries whose ends they are */
  writing(worker: string, ends: FreeingEnds, entries: readonly TaskEntry[]): () => Promise<EndedOurs> {
    const plain = () => this.plain(worker, ends);
    if (!entries.some((entry) => entry.limits?.concurrency)) return plain;
    const reserved = worker === this.deps.lease.id && !this.deps.stopping() ? this.reserve(entries) : [];
    const keys = keysOf(entries, reserved);
    const claimNos = reserved.map(() => this.deps.claimer.nextClaimNo());
    let repeated = false;
    let nobody = false;
    return async () => {
      if (nobody) return plain();
      const wish: HandOverWish = {
        ...{ keys, queues: this.deps.queues(), except: this.deps.lost(), claimNos },
        ...{ leaseMs: LEASE_MS, repeated },
      };
      repeated = true;
      let handed: HandedOver;
      try {
        handed = await this.deps.tasks.endHandingOver({ id: worker, name: this.deps.name }, ends, wish);
      } catch (error) {
        if (hasCode(error, 'store_unavailable')) throw error;
        // The ends may be tried one by one from here on: slots that are reserved for this statement are for nobody.
        nobody = true;
        this.follow(worker, [], entries, reserved);
        return plain();
      }
      this.follow(worker, handed.successors, entries, reserved);
      return handed.ours;
    };
  }

  private plain(worker: string, ends: FreeingEnds): Promise<EndedOurs> {
    const { tasks } = this.deps;
    return ends.kind === 'record' ? tasks.record(worker, ends.items) : tasks.postpone(worker, ends.items);
  }

  /** Those whose successors can run here at once, each with a slot of its pool. */
  private reserve(entries: readonly TaskEntry[]): TaskEntry[] {
    return entries.filter(
      (entry) =>
        entry.limits?.concurrency && !entry.limits.rate && !entry.options.batch && this.deps.claimer.reserveSlot(entry),
    );
  }

  private follow(
    worker: string,
    successors: readonly Successor[],
    entries: readonly TaskEntry[],
    reserved: readonly TaskEntry[],
  ): void {
    const free = [...reserved];
    const woken: Successor[] = [];
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
        this.start(worker, successor.task, successor.claimNo, of);
      }
    }
    for (const entry of free) this.deps.claimer.freeReserved(entry);
    if (woken.length > 0) this.deps.underWay.add(this.send(woken));
  }

  private start(worker: string, row: TaskRow, claimNo: number, before: TaskEntry): void {
    const { messageOf, handlers, held, claimer, underWay, onClaimed } = this.deps;
    const limitKey = before.limits?.concurrency?.key;
    const release = () => underWay.add(this.release(worker, { id: row.id, claimNo, limitKey }));
    const admitted = admit(localDelivery(messageOf(row), release), handlers);
    // A message of it that is in hand already would be joined by this one, and not run it.
    if (!admitted.ok || held.holds(row.id)) {
      claimer.freeReserved(before);
      return release();
    }
    const { entry } = admitted;
    entry.worker = worker;
    entry.claimNo = claimNo;
    entry.limits = before.limits;
    entry.lane = before.lane;
    grant(entry, row);
    held.take(entry);
    onClaimed(entry);
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
    const { broker, outbox, messageOf, log } = this.deps;
    const [sent, unsent]: [{ taskId: string; turn: number }[], { taskId: string; turn: number }[]] = [[], []];
    const publish = async ({ task, turn }: Successor) => {
      try {
        await broker.publish(messageOf(task));
        sent.push({ taskId: task.id, turn });
      } catch (error) {
        log.debug({ err: error, task: task.id }, 'a task that got a slot could not be sent; the relay sends it');
        unsent.push({ taskId: task.id, turn });
      }
    };
    await Promise.all(woken.map(publish));
    try {
      if (sent.length > 0) await outbox.published(sent.sort((a, b) => (a.taskId < b.taskId ? -1 : 1)));
      if (unsent.length > 0) await outbox.release(unsent, 0);
    } catch (error) {
      log.warn({ err: error }, 'the outbox cannot be told what was sent; messages may be sent twice');
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
