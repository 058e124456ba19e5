import type { Clock, Delivery, TaskStore, WorkerLease } from '@lovage/ports';
import { silentLog } from '@lovage/testing';
import { Claimer, ClaimNumbers } from '../../claim/claimer.ts';
import { RefusedClaims, type ClaimDecision } from '../../claim/refused.ts';
import type { MessageEnd, TaskEntry } from '../../entry.ts';
import type { HandlerTable } from '../../handlers.ts';
import { admit } from '../../intake/admit.ts';
import { HeldTasks } from '../../intake/held-tasks.ts';
import { Recorder, type RecordOutcome } from '../../record/recorder.ts';
import type { Replies } from '../../record/settler.ts';
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
 * A worker whose every move is a step of the test: the engine's own stages, driven as the pipeline does, with handlers that end when
 * the test says so and how.
 */
export class ModelWorker {
  connection: ModelConnection = { alive: true };
  readonly running = new Set<TaskEntry>();
  readonly waiting: TaskEntry[] = [];
  stalled = false;
  private leaseId: string;
  private readonly held = new HeldTasks();
  private readonly claimer: Claimer;
  private readonly refused: RefusedClaims;
  private readonly recorder: Recorder;

  constructor(
    leaseId: string,
    private readonly options: ModelWorkerOptions,
  ) {
    this.leaseId = leaseId;
    const { name, tasks, clock } = options;
    const retry = new StoreRetry(clock, silentLog);
    const current = () => this.leaseId;
    const lease = {
      get id() {
        return current();
      },
    } as WorkerLease;
    // Which run is the test's to say.
    const slots = { free: () => undefined, take: () => undefined };
    const claims = { name, tasks, lease, retry, slots, numbers: new ClaimNumbers(), quarantines: false };
    this.claimer = new Claimer({ ...claims, limited: undefined });
    this.refused = new RefusedClaims({ ...claims, replies: NO_REPLIES, clock, log: silentLog });
    this.recorder = new Recorder({ name, tasks, retry, log: silentLog });
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
    const refused: TaskEntry[] = [];
    for await (const outcomes of this.claimer.claim(this.waiting.splice(0)))
      for (const outcome of outcomes)
        if (outcome.kind === 'granted') this.run(outcome.entry);
        else if (outcome.kind === 'refused') refused.push(outcome.entry);
        else throw new Error(`the model has no claim that is ${outcome.kind}`);
    if (refused.length > 0) await this.decide(refused);
  }

  /** The handler of a running task ends so; its end is written, then its message is acked. */
  async finish(entry: TaskEntry, outcome: Outcome): Promise<void> {
    this.running.delete(entry);
    entry.end(0);
    await this.record(entry, outcome);
  }

  /** SIGTERM: what runs is released, what is in hand is requeued. */
  async shutDown(): Promise<void> {
    for (const entry of [...this.running])
      await this.finish(entry, { kind: 'postponed', how: 'release', delayMs: 0, error: null });
    this.waiting.length = 0;
    for (const entry of this.held.all()) this.leave(entry, 'requeue');
  }

  /** Goes on under a new lease. What runs still holds claims of the old one. */
  resume(leaseId: string): void {
    this.leaseId = leaseId;
    this.stalled = false;
  }

  private take(entry: TaskEntry): void {
    if (this.held.take(entry) === 'taken') this.wait(entry);
  }

  private wait(entry: TaskEntry): void {
    entry.wait('async');
    this.waiting.push(entry);
  }

  private run(entry: TaskEntry): void {
    if (entry.options.ack === 'claim') entry.ack();
    entry.start(0);
    this.running.add(entry);
  }

  private leave(entry: TaskEntry, message: MessageEnd): void {
    for (const next of this.held.leave(entry, message)) this.take(next);
  }

  private async decide(entries: readonly TaskEntry[]): Promise<void> {
    for (const entry of entries) entry.refuse();
    for await (const decision of this.refused.resolve(entries)) this.decided(decision);
  }

  private decided(decision: ClaimDecision): void {
    switch (decision.kind) {
      case 'retry':
        decision.entry.retryClaim();
        return this.wait(decision.entry);
      case 'granted':
        return this.run(decision.entry);
      case 'leave':
        // In the model an id is that of one task, and Postgres answers in the end.
        if (decision.message !== 'ack') throw new Error(`task ${decision.entry.id} is to leave: ${decision.message}`);
        return this.leave(decision.entry, decision.message);
      default:
        throw new Error(`the model has no task that is ${decision.kind}`);
    }
  }

  private async record(entry: TaskEntry, outcome: Outcome): Promise<void> {
    const batch = [{ entry, outcome }];
    const records = entry.claimed ? this.recorder.record(batch) : this.recorder.recordRowless(batch);
    for await (const outcomes of records) for (const one of outcomes) await this.recorded(one);
  }

  private async recorded(one: RecordOutcome): Promise<void> {
    switch (one.kind) {
      case 'vanished':
        return this.renew(one.entry, one.outcome);
      case 'recorded':
        this.options.onRecorded(one.entry, one.outcome);
        return this.leave(one.entry, 'ack');
      case 'too_late':
        return this.leave(one.entry, 'ack');
      case 'requeue':
        return this.leave(one.entry, 'requeue');
      default:
        throw new Error(`the model has no end that is ${one.kind}`);
    }
  }

  private async renew(entry: TaskEntry, outcome: Outcome): Promise<void> {
    const renewed = await this.claimer.renew(entry);
    if (renewed.kind === 'granted') await this.record(entry, outcome);
    else if (renewed.kind === 'refused') await this.decide([entry]);
    else throw renewed.error;
  }
}
