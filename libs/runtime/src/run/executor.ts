import { inputOf } from '@lovage/celery';
import type { Clock } from '@lovage/ports';
import { OutputInvalidError, validateInput, validateOutput, type AnyContract } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { LeaseLost, NotRegistered, SoftTimeLimitExceeded, TimeLimitExceeded, WorkerShutdown } from './abort-reasons.ts';
import { errorDocument, outcomeOfThrown, type Outcome } from './outcome.ts';
import { TaskRun, type RunServices } from './task-run.ts';

/**
 * Runs handlers in this process's event loop, each to one {@link Outcome}. Code that never yields cannot be stopped here:
 * its limits take effect when it does.
 */
export class Executor {
  private readonly running = new Set<TaskEntry>();

  constructor(
    private readonly services: RunServices,
    private readonly clock: Clock,
    private readonly onOutcome: (entry: TaskEntry, outcome: Outcome) => void,
  ) {}

  get size(): number {
    return this.running.size;
  }

  entries(): Iterable<TaskEntry> {
    return this.running;
  }

  /** Starts one attempt; `onOutcome` is called exactly once for it, later or before this returns. */
  start(entry: TaskEntry): void {
    this.running.add(entry);
    entry.startedAt = this.clock.now();
    const { binding } = entry;
    if (!binding)
      return this.finish(entry, { kind: 'failed', error: errorDocument(new NotRegistered(entry.task.name)) });
    const { contract } = binding;
    const run = new TaskRun(entry, contract, this.services);
    entry.run = run;
    const disarm = this.armLimits(entry, run);
    const fail = (thrown: unknown) => {
      disarm?.();
      this.finish(entry, outcomeOf(entry, run, thrown));
    };
    const succeed = (value: unknown) => {
      disarm?.();
      let outcome: Outcome;
      try {
        outcome = { kind: 'succeeded', result: resultJson(contract, validateOutput(contract, value)) };
      } catch (error) {
        outcome = outcomeOf(entry, run, error);
      }
      this.finish(entry, outcome);
    };
    try {
      const input = validateInput(contract, inputOf(entry.task, contract.positional));
      const value = binding.handle(input, run);
      if (isThenable(value)) value.then(succeed, fail);
      else succeed(value);
    } catch (error) {
      fail(error);
    }
  }

  /** Aborts what runs under a claim of this worker id (all with none) because that claim is no longer ours. */
  loseLease(worker: string): void {
    for (const entry of this.running) if (entry.worker === worker) entry.run?.abort(new LeaseLost());
  }

  /** Aborts everything that runs: handlers get their chance to tidy up. */
  abortAll(): void {
    for (const entry of this.running) entry.run?.abort(new WorkerShutdown());
  }

  /** Ends what still runs without waiting for it: handed back, at no cost. */
  releaseAll(): void {
    for (const entry of [...this.running]) this.finish(entry, RELEASED);
  }

  private armLimits(entry: TaskEntry, run: TaskRun): (() => void) | undefined {
    const [hard, soft] = entry.task.timeLimit;
    const softMs = soft === null ? entry.options.softTimeLimitMs : soft * 1000;
    const hardMs = hard === null ? entry.options.timeLimitMs : hard * 1000;
    if (softMs === undefined && hardMs === undefined) return undefined;
    const offSoft =
      softMs === undefined ? undefined : this.clock.after(softMs, () => run.abort(new SoftTimeLimitExceeded(softMs)));
    const offHard =
      hardMs === undefined
        ? undefined
        : this.clock.after(hardMs, () => {
            const reason = new TimeLimitExceeded(hardMs);
            run.abort(reason);
            this.finish(entry, outcomeOfThrown(reason, entry.options.retry, entry.retries));
          });
    return () => {
      offSoft?.();
      offHard?.();
    };
  }

  /** The first outcome stands: a handler may still settle after its time limit. */
  private finish(entry: TaskEntry, outcome: Outcome): void {
    if (!this.running.delete(entry)) return;
    this.onOutcome(entry, outcome);
  }
}

const RELEASED: Outcome = { kind: 'postponed', how: 'release', delayMs: 0, error: null };

function outcomeOf(entry: TaskEntry, run: TaskRun, thrown: unknown): Outcome {
  // A handler that gives up because the worker stops has not failed.
  const reason = run.abortReason;
  if (reason instanceof WorkerShutdown || reason instanceof LeaseLost) return RELEASED;
  return outcomeOfThrown(thrown, entry.options.retry, entry.retries);
}

function resultJson(contract: AnyContract, value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    throw new OutputInvalidError(contract.name, [
      { path: 'output', message: `cannot be kept as JSON: ${(error as Error).message}` },
    ]);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
