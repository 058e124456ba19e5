import { BatchQueue, deferred } from '@lovage/foundation';
import type { Delivery, TaskRow } from '@lovage/ports';
import { MAX_CLAIM, WELL_FILLED, type ClaimOutcome } from './claim/claimer.ts';
import { Gatherer } from './claim/gatherer.ts';
import type { PassOnOutcome } from './claim/pass-on.ts';
import { pauseBeforeClaim, type ClaimDecision } from './claim/refused.ts';
import type { MessageEnd, TaskEntry } from './entry.ts';
import { admit } from './intake/admit.ts';
import { EndQueues } from './record/end-queues.ts';
import type { Ended, SettledRecord } from './record/ended.ts';
import type { RecordOutcome } from './record/recorder.ts';
import type { PipelineDeps } from './pipeline-deps.ts';
import { RELEASED, type Outcome } from './run/outcome.ts';
import { RateGates } from './steer/rate-gates.ts';
import type { ToldBy } from './steer/told-revokes.ts';
import { unwritten, type Unwritten, type WriteOutcome } from './store-retry.ts';
import { tellGivenUp, tellLeft, tellReceived, tellSettled, tellStarted, tellUnserved } from './task-events.ts';
import { Pump } from './under-way.ts';

/**
 * The way of a task through a worker, from delivery to ack. Each stage is a class that is given tasks and returns what came of each;
 * which stage is next is decided here, and only here. The states of a task are in entry.ts.
 *
 *   1 admit   receive → admit            a message that is no task: refused
 *   2 hold    hold → HeldTasks           one of each id; not due: postponed; not served here: passed on
 *   3 claim   wait → Slots → Claimer     into free slots; not granted: decided from its row
 *   4 run     run → Executor             one attempt, to one outcome
 *   5 record  ended → Recorder           how it ended, in group commits
 *   6 settle  settle, leave              reply, ack; what waited behind it is next
 *
 * Claims and records are made in batches, which nobody awaits for a single task: a task that is claimed, run and recorded costs no
 * promise of its own. While ends are being written, a claim waits for that unless it is well filled: so under load both go in step and
 * in larger batches, at a fraction of the cost, and a lone task meets neither wait.
 */
export class Pipeline {
  /** What has to wait before it may claim. */
  readonly rates: RateGates;
  private readonly gatherer: Gatherer;
  private readonly claims = new Pump(() => this.claimWaiting());
  private readonly suspectClaims = new Pump(() => this.claimSuspects());
  private readonly passing = new BatchQueue<TaskEntry>({
    flush: async (entries) => {
      for (const outcome of await this.deps.passOn.pass(entries)) this.passedOn(outcome);
    },
  });
  private readonly ends: EndQueues;
  private stopping = false;
  private readonly drained = deferred();

  constructor(private readonly deps: PipelineDeps) {
    this.gatherer = new Gatherer(deps.clock, (urgent) => {
      deps.slots.wait(urgent);
      this.claims.wake();
    });
    this.rates = new RateGates(deps.clock, (entry) => this.waitForSlot(entry));
    this.ends = new EndQueues(deps.recorder, {
      recorded: (outcomes) => this.recorded(outcomes),
      written: () => this.wake(),
    });
  }

  // 1. Admit

  receive(delivery: Delivery): void {
    if (this.stopping) return delivery.nack({ requeue: true });
    const admitted = admit(delivery, this.deps.handlers, this.deps.canvas?.able);
    if (admitted.ok) this.hold(admitted.entry);
    else this.deps.underWay.add(this.deps.malformed.refuse(admitted.malformed));
  }

  // 2. Hold

  private hold(entry: TaskEntry): void {
    const { held, postponer, underWay } = this.deps;
    if (held.take(entry) !== 'taken') return;
    tellReceived(this.deps.signals, entry);
    const told = this.deps.revokes.of(entry);
    if (told) return underWay.add(this.endEarly(entry, told));
    if (postponer.isFuture(entry)) {
      entry.postpone();
      underWay.add(this.leaveOnce(entry, postponer.postpone(entry), 'a task for later could not be postponed'));
      return;
    }
    if (!entry.passOn && entry.options.ack === 'early') entry.ack();
    this.wait(entry);
  }

  /** It was revoked before it came. */
  private async endEarly(entry: TaskEntry, told: ToldBy): Promise<void> {
    const decision = await this.deps.earlyRevokes.decide(entry, told);
    if (entry.hasLeft) return;
    if (decision.kind === 'unwritten')
      return this.notWritten(entry, unwritten(decision.error), 'a task that was revoked before could not be ended');
    if (decision.kind === 'row') {
      entry.postpone();
      return this.decide([entry]);
    }
    entry.wait(this.deps.pools.kindOf(entry));
    entry.end(this.deps.clock.now());
    this.record(entry, decision.outcome);
  }

  private pass(entry: TaskEntry, passOn = entry.passOn): void {
    entry.postpone(passOn);
    this.passing.push(entry);
  }

  private passedOn(outcome: PassOnOutcome): void {
    const { signals } = this.deps;
    const { entry } = outcome;
    switch (outcome.kind) {
      case 'passed_on':
      case 'held':
        this.leave(entry, 'ack');
        return signals.settled.emit({ id: entry.id, outcome: outcome.kind === 'held' ? 'failed' : 'passed_on' });
      case 'ended':
        this.leave(entry, 'dead_letter');
        return tellUnserved(signals, entry);
      case 'waits':
        return this.pass(entry, { ...entry.passOn!, waits: true });
      case 'refused':
        return this.decide([entry]);
      default:
        return this.notWritten(entry, outcome, 'a task could not be passed on');
    }
  }

  // 3. Claim

  /** It waits for what is to come next: a slot, or to be passed on. */
  private wait(entry: TaskEntry): void {
    if (entry.hasLeft) return;
    if (entry.passOn) return this.pass(entry);
    entry.wait(this.deps.pools.kindOf(entry));
    if (!this.rates.holds(entry)) this.waitForSlot(entry);
  }

  private waitForSlot(entry: TaskEntry): void {
    if (entry.options.batch) return this.gatherer.add(entry);
    this.deps.slots.wait(entry);
    this.claims.wake();
  }

  /** Looks again for what to claim: a slot has come free, or ends have been written. */
  wake(): void {
    if (this.deps.slots.waiting > 0) this.claims.wake();
  }

  private async claimWaiting(): Promise<void> {
    const { slots, claimer } = this.deps;
    for (let runnable; !this.stopping && (runnable = slots.runnable) > 0;) {
      if (runnable < WELL_FILLED && this.ends.writing) return;
      for await (const outcomes of claimer.claim(slots.fill(MAX_CLAIM))) this.claimed(outcomes);
    }
  }

  private async claimSuspects(): Promise<void> {
    const { quarantine, claimer } = this.deps;
    for (let next; !this.stopping && (next = quarantine!.next()).length > 0;)
      for await (const outcomes of claimer.claimSuspects(next)) this.claimed(outcomes);
  }

  private claimed(outcomes: readonly (ClaimOutcome | ClaimDecision)[]): void {
    const refused: TaskEntry[] = [];
    for (const outcome of outcomes)
      switch (outcome.kind) {
        case 'granted':
          this.run(outcome.entry);
          break;
        case 'batch_granted':
          this.runBatch(outcome.entries);
          break;
        case 'refused':
          refused.push(outcome.entry);
          break;
        case 'retry':
          this.retryClaim(outcome.entry);
          break;
        case 'suspect':
          this.isolate(outcome.entry, outcome.row);
          break;
        case 'leave':
          this.leave(outcome.entry, outcome.message);
          tellLeft(this.deps.signals, outcome.entry, outcome.state);
          break;
        case 'unstorable':
          this.giveUp(outcome.entry, outcome.error);
      }
    if (refused.length > 0) this.decide(refused);
  }

  /** Their rows say no: finds out why. */
  private decide(entries: readonly TaskEntry[]): void {
    for (const entry of entries) {
      this.leaveQuarantine(entry);
      entry.refuse();
    }
    this.deps.underWay.add(this.decideAll(entries));
  }

  private async decideAll(entries: readonly TaskEntry[]): Promise<void> {
    for await (const decision of this.deps.refused.resolve(entries)) this.claimed([decision]);
  }

  private retryClaim(entry: TaskEntry): void {
    const pauseMs = pauseBeforeClaim(entry.refusals);
    entry.retryClaim();
    this.deps.clock.after(pauseMs, () => this.wait(entry));
  }

  private isolate(entry: TaskEntry, row: TaskRow): void {
    const { quarantine, pools, underWay } = this.deps;
    if (quarantine!.add(entry, row, pools.kindOf(entry)) === 'waiting') return this.suspectClaims.wake();
    entry.postpone();
    underWay.add(this.leaveOnce(entry, quarantine!.postpone(entry, row), 'a suspect could not be postponed'));
  }

  private leaveQuarantine(entry: TaskEntry): void {
    if (this.deps.quarantine?.leave(entry)) this.suspectClaims.wake();
  }

  // 4. Run

  private run(entry: TaskEntry): void {
    if (this.begins(entry)) this.deps.executor.start(entry, this.deps.pools.of(entry), this.ended);
  }

  /** Tasks of one batch contract. */
  private runBatch(entries: readonly TaskEntry[]): void {
    const { executor, pools } = this.deps;
    const begun = entries.filter((entry) => this.begins(entry));
    if (begun.length > 0) executor.startBatch(begun, pools.batches, this.ended);
  }

  /** False when its claim came through while the worker was stopping, and nothing runs that is waited for. */
  private begins(entry: TaskEntry): boolean {
    const { executor, clock, signals, replies } = this.deps;
    if (!this.stopping || executor.size > 0) {
      if (entry.options.ack === 'claim') entry.ack();
      if (entry.task.replyTo) replies.started(entry);
      tellStarted(signals, entry);
      return true;
    }
    entry.end(clock.now());
    this.ended(entry, RELEASED);
    return false;
  }

  // 5. Record

  private readonly ended = (entry: TaskEntry, outcome: Outcome): void => {
    const { executor, slots, failures, progress, logs, underWay } = this.deps;
    slots.free(entry);
    this.wake();
    this.leaveQuarantine(entry);
    if (outcome.kind !== 'succeeded') failures.tell(entry, outcome);
    // A reader who sees the end must find all that came before it.
    const reported = progress.written(entry);
    const logged = logs?.written(entry);
    if (reported || logged) underWay.add(Promise.all([reported, logged]).then(() => this.record(entry, outcome)));
    else this.record(entry, outcome);
    if (this.stopping && executor.size === 0) this.drained.resolve();
  };

  private record(entry: TaskEntry, outcome: Outcome): void {
    const { canvas, underWay } = this.deps;
    if (canvas && entry.hasCanvas)
      underWay.add(canvas.ends.follow(entry, outcome).then((ended) => this.ends.push(ended)));
    else this.ends.push({ entry, outcome });
  }

  private recorded(outcomes: readonly RecordOutcome[]): void {
    for (const outcome of outcomes)
      switch (outcome.kind) {
        case 'vanished':
          this.deps.underWay.add(this.renew(outcome.entry, outcome.outcome));
          break;
        case 'unwritten':
          this.deps.underWay.add(this.recordOn(outcome.ended, outcome.error));
          break;
        case 'handed_over':
          this.run(outcome.entry);
          break;
        default:
          this.settle(outcome);
      }
  }

  private async recordOn(ended: Ended, error: unknown): Promise<void> {
    this.recorded(await this.deps.recorder.writeOn(ended, error));
    this.wake();
  }

  /** Has an end recorded whose claim was gone. Should the task have to run again instead, this end is forgotten. */
  private async renew(entry: TaskEntry, outcome: Outcome): Promise<void> {
    const renewed = await this.deps.claimer.renew(entry);
    if (renewed.kind === 'granted') this.record(entry, outcome);
    else if (renewed.kind === 'refused') this.decide([entry]);
    else this.notWritten(entry, renewed, 'a lost claim could not be renewed');
  }

  // 6. Settle

  private settle(record: SettledRecord): void {
    const { entry, outcome } = record;
    const { settler, signals, canvas, underWay } = this.deps;
    this.leave(entry, settler.settle(record));
    tellSettled(signals, record);
    if (canvas && entry.hasCanvas) underWay.add(canvas.ends.settled(record));
    if (signals.settled.heard) signals.settled.emit({ id: entry.id, outcome: outcome.kind });
  }

  /** It leaves this worker; what waited behind it is next. */
  private leave(entry: TaskEntry, message: MessageEnd): void {
    this.leaveQuarantine(entry);
    for (const next of this.deps.held.leave(entry, message)) {
      if (this.stopping) next.leave('requeue');
      else this.hold(next);
    }
  }

  /** A task that is not run here leaves once that is written. */
  private async leaveOnce(entry: TaskEntry, write: Promise<WriteOutcome>, failed: string): Promise<void> {
    const written = await write;
    if (written.kind === 'written') this.leave(entry, 'ack');
    else this.notWritten(entry, written, failed);
  }

  private notWritten(entry: TaskEntry, outcome: Unwritten, failed: string): void {
    if (outcome.kind === 'unstorable') return this.giveUp(entry, outcome.error);
    this.deps.log.error({ err: outcome.error, task: entry.id }, `${failed}; its message is requeued`);
    this.leave(entry, 'requeue');
  }

  private giveUp(entry: TaskEntry, error: Error): void {
    this.leave(entry, this.deps.settler.giveUp(entry, error));
    tellGivenUp(this.deps.signals, entry);
  }

  // A paused queue, and the stop

  /** Again and again, for messages that waited behind those that leave. What was acked already stays: nobody else would run it. */
  requeueWaiting(queue: string): number {
    const { slots, quarantine } = this.deps;
    let requeued = 0;
    for (;;) {
      const waiting = slots.remove(queue).flatMap((entry) => entry.batch?.dissolve() ?? entry);
      const [acked, back] = [[] as TaskEntry[], [] as TaskEntry[]];
      for (const entry of [...waiting, ...this.gatherer.remove(queue), ...this.rates.remove(queue)])
        (entry.isSettled ? acked : back).push(entry);
      for (const entry of acked) this.wait(entry);
      back.push(...(quarantine?.remove(queue) ?? []));
      if (back.length === 0) return requeued;
      requeued += back.length;
      for (const entry of back) this.leave(entry, 'requeue');
    }
  }

  /** No further deliveries and claims; resolves when no claim is under way. What waits stays in hand. */
  async close(): Promise<void> {
    this.stopping = true;
    this.gatherer.clear();
    this.rates.close();
    this.deps.slots.close();
    await Promise.all([this.claims.close(), this.suspectClaims.close()]);
  }

  /** Resolves when nothing runs. */
  async drain(): Promise<void> {
    if (this.deps.executor.size > 0) await this.drained.promise;
  }

  /** Resolves when nothing is being written or decided. */
  async idle(): Promise<void> {
    const { underWay } = this.deps;
    // A decision may make an end to record, and the record of an end a decision.
    do {
      await underWay.idle();
      await this.passing.idle();
      await this.ends.idle();
    } while (underWay.size > 0);
  }

  /** Requeues all that is still in hand. */
  async requeueAll(): Promise<void> {
    for (const entry of this.deps.held.all()) this.leave(entry, 'requeue');
    await this.deps.underWay.idle();
  }
}
