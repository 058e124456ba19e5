import { newId } from '@lovage/foundation';
import type { LimitedClaimItem, LimitSettings, NewTask, TaskLimits, TaskRow } from '@lovage/ports';
import { eventually } from '@lovage/testing';
import { claimOf, newTask } from './new-task.ts';
import type { StoreUnderTest } from './under-test.ts';

const CONTRACT = 'test.task';
/** The contract's own limit of each value. */
const DECLARED = 2;
const WORKERS = 3;

export const VALUES = ['a', 'b'] as const;
type Value = (typeof VALUES)[number];

export type LimitStep =
  /** `rated`: its contract has a rate as well. `row`: its row is written before anybody claims it. */
  | { readonly op: 'submit'; readonly value: Value; readonly rated: boolean; readonly row: boolean }
  | { readonly op: 'deliver'; readonly worker: number; readonly message: number; readonly count: number }
  /** `told`: the worker knows that the task has a limit. */
  | {
      readonly op: 'end';
      readonly worker: number;
      readonly which: number;
      readonly how: HowEnded;
      readonly told: boolean;
    }
  | { readonly op: 'crash'; readonly worker: number }
  | { readonly op: 'revoke'; readonly task: number }
  | { readonly op: 'set'; readonly settings: LimitSettings | null }
  | { readonly op: 'relay' }
  | { readonly op: 'sweep' };
export type HowEnded = 'success' | 'retry' | 'snooze' | 'release';

interface Submitted {
  readonly task: NewTask;
  readonly limits: TaskLimits;
}
interface Message extends Submitted {
  readonly generation: number;
  readonly hadRow: boolean;
}
interface ModelWorker {
  id: string;
  name: string;
  /** What it runs, with the message that is not acked yet. */
  readonly running: Map<string, { readonly claimNo: number; readonly message: Message }>;
}

/** Real limits, and workers, messages and a relay that move when the test says so. */
export class LimitWorld {
  private broker: Message[] = [];
  private workers: ModelWorker[] = [];
  private submitted: Submitted[] = [];
  private settings: LimitSettings = {};
  /** Changes of settings go one after another, or nobody could say which of two came last. */
  private setting: Promise<void> = Promise.resolve();

  constructor(private readonly f: StoreUnderTest) {}

  async reset(): Promise<void> {
    await this.f.clear();
    [this.broker, this.submitted, this.settings] = [[], [], {}];
    this.workers = [];
    for (let i = 0; i < WORKERS; i += 1) this.workers.push({ ...(await this.f.worker()), running: new Map() });
  }

  /**
   * Takes steps, at the same time where there are several, and checks that no more run of any value than ran before, or than a
   * limit that was in force meanwhile allows.
   */
  async take(steps: readonly LimitStep[]): Promise<void> {
    const before = await this.running();
    const limits = [this.settings, ...steps.flatMap((step) => (step.op === 'set' ? [step.settings ?? {}] : []))];
    await Promise.all(steps.map((step) => this.step(step)));
    const after = await this.running();
    for (const value of VALUES) {
      const most = Math.max(before[value], ...limits.map((settings) => limitOf(settings, value)));
      if (after[value] > most)
        throw new Error(`${after[value]} of ${value} run; ${before[value]} ran before, ${most} may`);
    }
    await this.checkCounted();
    if (steps.length === 1 && steps[0]!.op === 'sweep') await this.checkNobodyForgotten();
  }

  /** Everything goes on in health: every task must end, and nobody keep a slot. */
  async drain(): Promise<void> {
    // One of them may pause a value.
    await this.set(null);
    await eventually(async () => {
      await this.step({ op: 'sweep' });
      await this.step({ op: 'relay' });
      for (let i = 0; i < WORKERS; i += 1) {
        await this.take([{ op: 'deliver', worker: i, message: 0, count: this.broker.length }]);
        while (this.workers[i]!.running.size > 0)
          await this.step({ op: 'end', worker: i, which: 0, how: 'success', told: true });
      }
      const live = (await this.rows()).filter(({ finishedAt }) => finishedAt === null);
      return live.length === 0 && this.broker.length === 0;
    });
    await this.step({ op: 'sweep' });
    const left = (await this.f.slots()).filter(({ taken }) => taken > 0);
    if (left.length > 0) throw new Error(`slots are held though every task has ended: ${JSON.stringify(left)}`);
  }

  private async step(step: LimitStep): Promise<void> {
    const { stores: store } = this.f;
    switch (step.op) {
      case 'submit':
        return this.submit(step);
      case 'deliver':
        return this.deliver(step);
      case 'end':
        return this.end(step);
      case 'crash':
        return this.crash(this.workers[step.worker]!);
      case 'revoke': {
        const one = this.submitted[step.task % this.submitted.length];
        if (one) await store.tasks.revokeMany([one.task.id], { actor: null, reason: null });
        return;
      }
      case 'set':
        return (this.setting = this.setting.then(() => this.set(step.settings)));
      case 'relay': {
        const items = await store.outbox.leaseDue({ withinMs: 0, leaseMs: 60_000, limit: 100 });
        for (const { taskId, generation } of items) {
          const one = this.submitted.find(({ task }) => task.id === taskId)!;
          this.broker.push({ ...one, generation, hadRow: true });
        }
        if (items.length > 0) await store.outbox.published(items);
        return;
      }
      case 'sweep':
        return void (await store.sweep.sweep());
    }
  }

  private async set(settings: LimitSettings | null): Promise<void> {
    const { limits } = this.f.stores;
    if (settings) await limits.override(CONTRACT, settings, { actor: null, reason: null, uncounted: false });
    else await limits.clear(CONTRACT);
    this.settings = settings ?? {};
  }

  private async submit({ value, rated, row }: LimitStep & { op: 'submit' }): Promise<void> {
    const limits: TaskLimits = {
      contract: CONTRACT,
      concurrency: { key: `concurrency:${CONTRACT}:${value}`, limit: DECLARED },
      rate: rated ? { key: `rate:${CONTRACT}`, intervalMs: 2, burst: 1 } : null,
    };
    const one = { task: newTask({ input: JSON.stringify({ value }) }), limits };
    if (row) await this.f.stores.tasks.insertQueued([one.task]);
    this.submitted.push(one);
    this.broker.push({ ...one, generation: 0, hadRow: false });
  }

  private async deliver(step: LimitStep & { op: 'deliver' }): Promise<void> {
    const worker = this.workers[step.worker]!;
    const at = this.broker.length === 0 ? 0 : step.message % this.broker.length;
    const taken = this.broker.splice(at, step.count);
    // One claim of a task at a time, as a worker does.
    const seen = new Set<string>(worker.running.keys());
    const [messages, later] = [[] as Message[], [] as Message[]];
    for (const message of taken) {
      (seen.has(message.task.id) ? later : messages).push(message);
      seen.add(message.task.id);
    }
    this.broker.push(...later);
    if (messages.length === 0) return;
    const { id, name } = worker;
    const items = messages.map((message): LimitedClaimItem => ({
      ...claimOf(message.task, message),
      limits: message.limits,
    }));
    const claims = await this.f.stores.limits.claim({ id, name }, items, { suspects: true });
    const outcomes = new Map(claims.map((claim) => [claim.id, claim.outcome]));
    for (const [i, message] of messages.entries()) {
      const outcome = outcomes.get(message.task.id);
      const { claimNo } = items[i]!;
      // It died meanwhile: nobody acked.
      if (worker.id !== id) this.broker.push(message);
      else if (outcome === 'granted') worker.running.set(message.task.id, { claimNo, message });
      else if (outcome === undefined) await this.refused(worker, message);
    }
  }

  /** As the worker decides: by the row. */
  private async refused(worker: ModelWorker, message: Message): Promise<void> {
    const { tasks } = this.f.stores;
    const { id, name } = worker;
    const [state] = await tasks.claimStates([message.task.id]);
    if (!state) return void this.broker.push(message);
    const { row, claimWorker, claimNo } = state;
    if (row.finishedAt !== null) return;
    if (claimWorker !== null && claimNo !== null) {
      if (this.workers.some((other) => other.id === claimWorker)) return;
      const claim = { id: row.id, claimNo: claimOf(message.task).claimNo, from: { worker: claimWorker, claimNo } };
      const taken = await tasks.takeOver({ id, name }, { ...claim, suspects: true });
      if (taken === 'revoked') return;
      if (!taken || taken === 'released' || worker.id !== id) return void this.broker.push(message);
      return void worker.running.set(row.id, { claimNo: claim.claimNo, message });
    }
    if (row.cancelAt !== null) return void (await tasks.endUnclaimed(row.id));
    if (row.generation <= message.generation) this.broker.push(message);
  }

  private async end({ worker: n, which, how, told }: LimitStep & { op: 'end' }): Promise<void> {
    const worker = this.workers[n]!;
    const { id: workerId } = worker;
    const entry = [...worker.running][worker.running.size === 0 ? 0 : which % worker.running.size];
    if (!entry) return;
    const [id, { claimNo, message }] = entry;
    worker.running.delete(id);
    const item = { id, claimNo, limitKey: told ? message.limits.concurrency!.key : undefined, error: null };
    if (how === 'success') await this.f.stores.tasks.record(workerId, [{ ...item, state: 'SUCCESS', result: '1' }]);
    else await this.f.stores.tasks.postpone(workerId, [{ ...item, kind: how, delayMs: 0 }]);
  }

  /** Its lease lapses, its messages come again, and another start of it takes its place. */
  private async crash(worker: ModelWorker): Promise<void> {
    const dead = worker.id;
    const next = { id: newId(), name: worker.name };
    worker.id = next.id;
    this.broker.push(...[...worker.running.values()].map(({ message }) => message));
    worker.running.clear();
    await this.f.lapse(dead);
    await this.f.worker(next);
  }

  private rows(): Promise<TaskRow[]> {
    return this.f.stores.tasks.getMany(this.submitted.map(({ task }) => task.id));
  }

  /** By the rows of tasks, not by slots. */
  private async running(): Promise<Record<Value, number>> {
    const rows = (await this.rows()).filter(({ state }) => state === 'STARTED');
    const of = (value: Value) => rows.filter(({ input }) => (input as { value: Value }).value === value).length;
    return { a: of('a'), b: of('b') };
  }

  /** Slots that are taken and not counted would be given twice. */
  private async checkCounted(): Promise<void> {
    const short = (await this.f.slots()).filter(({ counted, taken }) => counted < taken);
    if (short.length > 0) throw new Error(`more slots are taken than are counted: ${JSON.stringify(short)}`);
  }

  private async checkNobodyForgotten(): Promise<void> {
    const forgotten = (await this.f.slots()).filter(
      ({ waiting, taken, most }) => waiting > 0 && taken < (most ?? Infinity),
    );
    if (forgotten.length > 0) throw new Error(`waits although a slot is free: ${JSON.stringify(forgotten)}`);
  }
}

function limitOf(settings: LimitSettings, value: Value): number {
  const { concurrency = DECLARED, keys = {} } = settings;
  const limit = Object.hasOwn(keys, value) ? keys[value]! : concurrency;
  return limit ?? Infinity;
}
