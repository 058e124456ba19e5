import type { Clock, Delivery, TaskStore, WorkerLease } from '@lovage/ports';
import { silentLog } from '@lovage/testing';
import { grant } from '../../claim/claimer.ts';
import { toItem } from '../../claim/to-item.ts';
import { RefusedClaims } from '../../claim/refused.ts';
import type { TaskEntry } from '../../entry.ts';
import type { HandlerTable } from '../../handlers.ts';
import { admit } from '../../intake/intake.ts';
import { HeldTasks } from '../../intake/held-tasks.ts';
import { Recorder } from '../../record/recorder.ts';
import type { Replies } from '../../record/replies.ts';
import type { Outcome } from '../../run/outcome.ts';
import { StoreRetry } from '../../store-retry.ts';
import type { ModelConnection } from './model-broker.ts';

export interface ModelWorkerOptions {
  readonly name: string;
  readonly tasks: TaskStore;
  readonly handlers: HandlerTable;
  readonly clock: Clock;
  /** An attempt's end was written under this worker's claim. */
  onRecorded(entry: TaskEntry, outcome: Outcome): void;
}

const NO_REPLIES = { ended: () => undefined, repeated: () => undefined } as unknown as Replies;

/**
 * A worker whose every move is a step of the test: the engine's own parts for intake, refused claims and records, wired as
 * `TaskWorker` does, with handlers that end when the test says so and how.
 */
export class ModelWorker {
  connection: ModelConnection = { alive: true };
  readonly running = new Set<TaskEntry>();
  readonly waiting: TaskEntry[] = [];
  stalled = false;
  private leaseId: string;
  private claimNo = 0;
  private readonly held = new HeldTasks((entry) => this.take(entry));
  private readonly refused: RefusedClaims;
  private readonly recorder: Recorder;
  private readonly retry: StoreRetry;
  private reclaiming: Promise<void>[] = [];

  constructor(
    leaseId: string,
    private readonly options: ModelWorkerOptions,
  ) {
    this.leaseId = leaseId;
    const { name, tasks, clock } = options;
    this.retry = new StoreRetry(clock, silentLog);
    const current = () => this.leaseId;
    const lease = {
      get id() {
        return current();
      },
    } as WorkerLease;
    const run = (entry: TaskEntry) => this.run(entry);
    this.refused = new RefusedClaims({
      name,
      tasks,
      lease,
      retry: this.retry,
      claimer: { nextClaimNo: () => (this.claimNo += 1), takeSlot: () => undefined },
      log: silentLog,
      tryAgain: (entry) => void this.waiting.push(entry),
      onTakenOver: run,
      onBatchTakenOver: (entries) => entries.forEach(run),
      onOver: (entry) => this.settle(entry),
      // In the model an id is that of one task.
      onForeignId: ({ id }) => {
        throw new Error(`two names of task ${id}`);
      },
      onExpiredRowless: (entry) => void this.reclaiming.push(this.endRowless(entry)),
      onDropped: (entry) => this.held.letGo(entry),
      onUndecided: (_, error) => {
        throw error;
      },
    });
    this.recorder = new Recorder({
      name,
      tasks,
      retry: this.retry,
      replies: NO_REPLIES,
      log: silentLog,
      onClaimVanished: async (entry, outcome) => void this.reclaiming.push(this.reclaim(entry, outcome)),
      onFlushed: () => undefined,
      onRecorded: (entry, outcome) => options.onRecorded(entry, outcome),
      onSettled: (entry) => this.held.letGo(entry),
    });
  }

  get lease(): string {
    return this.leaseId;
  }

  receive(delivery: Delivery): void {
    const admitted = admit(delivery, this.options.handlers);
    if (!admitted.ok) throw new Error(`the model made a message that is no task: ${admitted.malformed.reason}`);
    this.take(admitted.entry);
  }

  /** Claims what waits and decides about what was refused. */
  async claim(): Promise<void> {
    const batch = this.waiting.splice(0);
    const toClaim: TaskEntry[] = [];
    for (const entry of batch) {
      if (entry.options.record === 'full' || entry.task.hasRow) toClaim.push(entry);
      else this.run(entry);
    }
    if (toClaim.length === 0) return;
    const worker = { id: this.leaseId, name: this.options.name };
    for (const entry of toClaim) {
      entry.worker = worker.id;
      entry.claimNo = this.claimNo += 1;
    }
    const claims = await this.retry.until(() =>
      this.options.tasks.claim(worker, toClaim.map(toItem), { durable: false, suspects: true }),
    );
    const granted = new Map(claims.map((claim) => [claim.id, claim]));
    const refused: TaskEntry[] = [];
    for (const entry of toClaim) {
      const claim = granted.get(entry.id);
      if (!claim) refused.push(entry);
      else {
        grant(entry, claim);
        this.run(entry);
      }
    }
    if (refused.length > 0) await this.refused.resolve(refused);
    await this.idle();
  }

  /** The handler of a running task ends so; its end is written, then its message is acked. */
  async finish(entry: TaskEntry, outcome: Outcome): Promise<void> {
    this.running.delete(entry);
    this.recorder.add(entry, outcome);
    await this.idle();
  }

  /** SIGTERM: what runs is handed back, what is in hand goes back to the broker. */
  async shutDown(): Promise<void> {
    for (const entry of [...this.running])
      await this.finish(entry, { kind: 'postponed', how: 'release', delayMs: 0, error: null });
    this.waiting.length = 0;
    this.held.handBackAll();
  }

  /** Goes on under a new lease. What runs still holds claims of the old one. */
  resume(leaseId: string): void {
    this.leaseId = leaseId;
    this.stalled = false;
  }

  private take(entry: TaskEntry): void {
    if (this.held.take(entry)) this.waiting.push(entry);
  }

  private run(entry: TaskEntry): void {
    if (entry.options.ack === 'claim') entry.ack();
    this.running.add(entry);
  }

  private settle(entry: TaskEntry): void {
    entry.ack();
    this.held.letGo(entry);
  }

  private async idle(): Promise<void> {
    await this.recorder.idle();
    while (this.reclaiming.length > 0) {
      await Promise.all(this.reclaiming.splice(0));
      await this.recorder.idle();
    }
  }

  private async reclaim(entry: TaskEntry, outcome: Outcome): Promise<void> {
    const worker = { id: this.leaseId, name: this.options.name };
    entry.worker = worker.id;
    entry.claimNo = this.claimNo += 1;
    const [granted] = await this.retry.until(() =>
      this.options.tasks.claim(worker, [toItem(entry)], { durable: true, suspects: true }),
    );
    if (granted) return this.recorder.add(entry, outcome);
    entry.claimed = false;
    await this.refused.resolve([entry]);
  }

  private async endRowless(entry: TaskEntry): Promise<void> {
    const end = { state: 'EXPIRED', retries: entry.retries, worker: this.options.name } as const;
    const item = { task: entry.facts, ...end, result: null, error: null, startedAt: 0 };
    await this.retry.until(() => this.options.tasks.recordFinal([item]));
    this.settle(entry);
  }
}
