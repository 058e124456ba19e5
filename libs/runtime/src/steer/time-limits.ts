import type { TaskEntry } from '../entry.ts';

/** ms; undefined: as the contract says. */
export interface GivenLimits {
  readonly softMs: number | undefined;
  readonly hardMs: number | undefined;
}

/** Time limits of an attempt, ms; undefined: none. */
export interface TimeLimits {
  readonly softMs: number | undefined;
  readonly hardMs: number | undefined;
}

/** Time limits of attempts: those of the message, else those given to this worker, else those of the contract. */
export class TimeLimitTable {
  private readonly given = new Map<string, GivenLimits>();

  /** For attempts that begin from here on. Both undefined: those of the contract again. */
  set(name: string, limits: GivenLimits): void {
    if (limits.softMs === undefined && limits.hardMs === undefined) this.given.delete(name);
    else this.given.set(name, limits);
  }

  /** What was given for a task of this name. */
  givenTo(name: string): GivenLimits | undefined {
    return this.given.get(name);
  }

  of({ task, options }: TaskEntry): TimeLimits {
    const [hard, soft] = task.timeLimit;
    const given = this.given.size === 0 ? undefined : this.given.get(task.name);
    return {
      softMs: soft === null ? (given?.softMs ?? options.softTimeLimitMs) : soft * 1000,
      hardMs: hard === null ? (given?.hardMs ?? options.timeLimitMs) : hard * 1000,
    };
  }
}
