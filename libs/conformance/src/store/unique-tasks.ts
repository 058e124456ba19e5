import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '@lovage/foundation';
import { TaskNotUniqueError, type UniqueKey } from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import { modelRuns } from '@lovage/testing';
import { claimOf, newTask } from './new-task.ts';
import type { StoreUnderTest } from './under-test.ts';

const WAITING: readonly TaskState[] = ['PENDING', 'SCHEDULED', 'QUEUED'];
const LIVE: readonly TaskState[] = [...WAITING, 'STARTED', 'PROGRESS', 'RETRY'];
const HOUR_MS = 3_600_000;
/** How far each step of time goes. No sum of steps is near a period, so the time that the test itself takes decides nothing. */
const STEP_MS = 0.7 * HOUR_MS;
const KEYS = 2;

type Rule = Omit<UniqueKey, 'key'>;
const rules: fc.Arbitrary<Rule> = fc.record({
  periodMs: fc.constantFrom(undefined, HOUR_MS, 2.5 * HOUR_MS),
  states: fc.constantFrom(LIVE, [...WAITING, 'RETRY'] as const, [...LIVE, 'SUCCESS'] as const, WAITING),
  onConflict: fc.constantFrom('existing', 'replace', 'reject'),
});
const at = fc.nat({ max: 1000 });

type Step =
  | {
      readonly kind: 'submit';
      readonly key: number;
      readonly rule: Rule;
      readonly delayed: boolean;
      readonly by: number;
      readonly batched: boolean;
    }
  | { readonly kind: 'claim' | 'succeed' | 'fail' | 'retry' | 'revoke' | 'expire'; readonly at: number }
  | { readonly kind: 'pass' | 'prune' };
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      key: fc.nat({ max: KEYS - 1 }),
      rule: rules,
      delayed: fc.boolean(),
      /** So many at the same time. */
      by: fc.constantFrom(1, 1, 1, 4),
      /** Those of the same time in one statement. */
      batched: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(...(['claim', 'succeed', 'fail', 'retry', 'revoke', 'expire'] as const)),
      at,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const) }) },
);

/** A task as the model has it. */
interface Task {
  readonly id: string;
  state: TaskState;
  ageMs: number;
  claim: { worker: string; claimNo: number } | undefined;
}

/** What ought to be in the tables, and the real ones beside it. */
class UniqueWorld {
  readonly tasks: Task[] = [];
  private readonly holders = new Map<string, string>();
  private readonly keys = Array.from({ length: KEYS }, () => `model:${newId()}`);

  constructor(
    private readonly f: StoreUnderTest,
    private readonly worker: { id: string; name: string },
  ) {}

  async take(step: Step): Promise<void> {
    if (step.kind === 'submit') return this.submit(step);
    if (!('at' in step)) return step.kind === 'pass' ? this.pass() : this.prune();
    const { kind } = step;
    const running = kind === 'succeed' || kind === 'fail' || kind === 'retry';
    const fit = this.tasks.filter(({ claim, state }) => LIVE.includes(state) && (claim !== undefined) === running);
    const task = fit[step.at % Math.max(1, fit.length)];
    if (task) await this.move(task, kind);
  }

  /** Rows, messages and keys are what the model says. */
  async check(): Promise<void> {
    const ids = this.tasks.map(({ id }) => id);
    const rows = await this.f.stores.tasks.getMany(ids);
    const byId = (list: readonly { id: string; state: string }[]) =>
      list.map(({ id, state }) => `${id} ${state}`).sort();
    expect(byId(rows)).toEqual(byId(this.tasks));
    // Every task that waits has its message, and nobody else has one.
    const outbox = await this.f.withMessage(ids);
    const waiting = this.tasks.filter(({ claim, state }) => !claim && LIVE.includes(state)).map(({ id }) => id);
    expect([...outbox].sort()).toEqual(waiting.sort());
    expect(new Map(await this.f.uniqueHolders(this.keys))).toEqual(this.holders);
  }

  private async submit({ key: no, rule, delayed, by, batched }: Step & { kind: 'submit' }): Promise<void> {
    const key = this.keys[no]!;
    const tasks = Array.from({ length: by }, () => newTask({ name: 'model.task' }));
    const options = { delayMs: delayed ? HOUR_MS : 0, leaseMs: 0, unique: { ...rule, key } };
    const { tasks: store } = this.f.stores;
    const items = tasks.map((task) => ({ ...options, task }));
    const outcomes = batched
      ? await store.insertFirst(items)
      : (await Promise.all(items.map((item) => store.insertFirst([item])))).flat();
    const answers = tasks.map((task, i) => ({ task, answer: outcomes[i]! }));
    // In the order in which they had the key: each stands on what the one before left.
    for (const { task, answer } of this.inOrder(answers, key)) {
      const holder = this.tasks.find(({ id }) => id === this.holders.get(key));
      const conflicting =
        holder && rule.states.includes(holder.state) && (rule.periodMs === undefined || holder.ageMs < rule.periodMs);
      const replaces = conflicting && rule.onConflict === 'replace' && !holder.claim && LIVE.includes(holder.state);
      if (conflicting && rule.onConflict === 'reject') {
        expect(answer).toBeInstanceOf(TaskNotUniqueError);
        expect(answer).toMatchObject({ taskId: holder.id, contract: 'model.task' });
        continue;
      }
      if (conflicting && !replaces) {
        expect(answer).toEqual({ taskId: holder.id, fresh: false, fingerprint: '', unique: true });
        continue;
      }
      expect(answer).toMatchObject({ taskId: task.id, fresh: true });
      expect((answer as { replaced?: { id: string } }).replaced?.id).toBe(replaces ? holder.id : undefined);
      if (replaces) holder.state = 'REVOKED';
      this.tasks.push({ id: task.id, state: delayed ? 'SCHEDULED' : 'PENDING', ageMs: 0, claim: undefined });
      this.holders.set(key, task.id);
    }
  }

  /** Who replaced whom tells the order; those that made nothing come last. */
  private inOrder<T extends { task: { id: string }; answer: unknown }>(answers: readonly T[], key: string): T[] {
    const made = answers.filter(({ answer }) => (answer as { fresh?: boolean }).fresh);
    const others = answers.filter((one) => !made.includes(one));
    const ordered: T[] = [];
    let before = this.holders.get(key);
    while (ordered.length < made.length) {
      const open = made.filter((one) => !ordered.includes(one));
      const replacedBy = (one: T) => (one.answer as { replaced?: { id: string } }).replaced?.id;
      const next = open.find((one) => replacedBy(one) === before) ?? open.find((one) => replacedBy(one) === undefined);
      ordered.push(next ?? open[0]!);
      before = ordered.at(-1)!.task.id;
    }
    return [...ordered, ...others];
  }

  private async move(task: Task, kind: string): Promise<void> {
    const { tasks } = this.f.stores;
    const { id, claim } = task;
    if (kind === 'claim') {
      const item = claimOf(newTask({ id, name: 'model.task' }), { hadRow: true, generation: -1 });
      expect(await tasks.claim(this.worker, [item], { durable: true })).toHaveLength(1);
      const { generation } = (await tasks.get(id))!;
      await this.f.stores.outbox.published([{ taskId: id, generation }]);
      Object.assign(task, { state: 'STARTED', claim: { worker: this.worker.id, claimNo: item.claimNo } });
    } else if (kind === 'succeed' || kind === 'fail') {
      const state = kind === 'succeed' ? 'SUCCESS' : 'FAILURE';
      await tasks.record(claim!.worker, [{ id, claimNo: claim!.claimNo, state, result: null, error: null }]);
      Object.assign(task, { state, claim: undefined });
    } else if (kind === 'retry') {
      const item = { id, claimNo: claim!.claimNo, kind: 'retry', delayMs: 1000, error: null } as const;
      await tasks.postpone(claim!.worker, [item]);
      Object.assign(task, { state: 'RETRY', claim: undefined });
    } else if (kind === 'revoke') {
      await tasks.revokeMany([id], { actor: null, reason: null });
      task.state = 'REVOKED';
    } else {
      await this.f.expire(id);
      await this.f.stores.sweep.sweep();
      task.state = 'EXPIRED';
    }
  }

  private async pass(): Promise<void> {
    const ids = this.tasks.map(({ id }) => id);
    await this.f.age(ids, STEP_MS);
    for (const task of this.tasks) task.ageMs += STEP_MS;
  }

  /** All that has ended is deleted. */
  private async prune(): Promise<void> {
    const byState = { SUCCESS: 0, FAILURE: 0, REVOKED: 0, EXPIRED: 0, DEAD: 0 };
    for await (const { tasks } of this.f.stores.retention.pruneTasks({ byState, byName: new Map() }, { limit: 100 }))
      expect(tasks).toBeGreaterThanOrEqual(0);
    const gone = this.tasks.filter(({ state }) => !LIVE.includes(state)).map(({ id }) => id);
    expect(await this.f.stores.tasks.getMany(gone)).toEqual([]);
    this.tasks.splice(0, Infinity, ...this.tasks.filter(({ id }) => !gone.includes(id)));
    for (const [key, id] of this.holders) if (gone.includes(id)) this.holders.delete(key);
  }
}

export function uniqueTasks(underTest: () => StoreUnderTest): void {
  test('whatever is submitted, claimed, ended and deleted: a uniqueness key is judged by the task that took it last', async () => {
    const f = underTest();
    const worker = await f.worker();
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 30 }), async (sequence) => {
        const world = new UniqueWorld(f, worker);
        for (const step of sequence) {
          await world.take(step);
          await world.check();
        }
      }),
      modelRuns('unique tasks', 25),
    );
  }, 300_000);
}
