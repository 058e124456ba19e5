import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchAnswer, SubmitByNameBody } from '@lovage/http-api';

export interface LoadOptions {
  /** How many must be accepted. */
  readonly tasks: number;
  /** Over how long they are spread; while submits fail it takes longer. */
  readonly seconds: number;
  /** What is submitted as number n. */
  task(n: number): SubmitByNameBody;
  /** Sends a batch; rejects when there is no telling what became of it. */
  submit(tasks: readonly SubmitByNameBody[]): Promise<BatchAnswer['items']>;
}

/** This part of the tasks is kept back until {@link Load.release}: what is submitted once nothing is broken any more. */
const KEPT_BACK = 0.1;
const CONNECTIONS = 4;
const LARGEST_BATCH = 100;
const TICK_MS = 50;
/** After a submit that failed. */
const PAUSE_MS = 100;
/** So long without one accepted: the platform does not come back. */
const GIVE_UP_MS = 120_000;

/**
 * Submits at a steady pace and keeps each id that was accepted: what the platform then owes. A submit that fails is made
 * again; it may have been taken all the same, but nobody was told so.
 */
export class Load {
  /** Every accepted task: its id, and which one it is. */
  readonly accepted = new Map<string, number>();
  /** Tasks of submits that got no answer. */
  unanswered = 0;
  /** Tasks that were refused, and submitted again. */
  refused = 0;
  /** The last reason of a refusal or a failure. */
  lastTrouble: string | undefined;
  over = false;
  private released = false;
  /** Numbers to be sent again. */
  private readonly resend: number[] = [];
  private next = 0;
  private began = 0;
  private lastAccepted = 0;

  constructor(private readonly options: LoadOptions) {}

  /** Resolves when all were accepted. @throws Error when none is any more. */
  async run(): Promise<void> {
    this.began = this.lastAccepted = performance.now();
    try {
      await Promise.all(Array.from({ length: CONNECTIONS }, () => this.connection()));
    } finally {
      this.over = true;
    }
  }

  /** All but what is kept back was accepted: the time to stop breaking things. */
  get waning(): boolean {
    return this.over || this.accepted.size >= Math.floor(this.options.tasks * (1 - KEPT_BACK));
  }

  /** Submits the rest as well. */
  release(): void {
    this.released = true;
  }

  /** Resolves when this part (0 to 1) of the tasks was accepted, or there is nothing more to come. */
  async reached(part: number): Promise<void> {
    while (!this.over && this.accepted.size < this.options.tasks * part) await sleep(TICK_MS / 2);
  }

  private async connection(): Promise<void> {
    while (this.accepted.size < this.options.tasks) {
      const numbers = this.take();
      if (numbers.length > 0) await this.send(numbers);
      else await sleep(TICK_MS);
      // While nothing is due nothing can be accepted.
      if (this.waning && !this.released) this.lastAccepted = performance.now();
      if (performance.now() - this.lastAccepted > GIVE_UP_MS)
        throw new Error(`nothing was accepted for ${GIVE_UP_MS / 1000} s: ${this.lastTrouble ?? 'no reason known'}`);
    }
  }

  /** What is due by now. */
  private take(): number[] {
    const numbers = this.resend.splice(0, LARGEST_BATCH);
    const { tasks, seconds } = this.options;
    const most = this.released ? tasks : Math.floor(tasks * (1 - KEPT_BACK));
    const due = Math.min(most, Math.ceil(((performance.now() - this.began) / 1000 / seconds) * tasks));
    while (numbers.length < LARGEST_BATCH && this.next < due) numbers.push(this.next++);
    return numbers;
  }

  private async send(numbers: readonly number[]): Promise<void> {
    try {
      const outcomes = await this.options.submit(numbers.map((n) => this.options.task(n)));
      numbers.forEach((n, at) => {
        const outcome = outcomes[at];
        if (outcome && 'task' in outcome) this.accept(outcome.task.id, n);
        else this.refuse(n, outcome?.problem.detail ?? outcome?.problem.code ?? 'no outcome');
      });
      if (this.resend.length > 0) await sleep(PAUSE_MS);
    } catch (error) {
      this.unanswered += numbers.length;
      this.lastTrouble = error instanceof Error ? error.message : String(error);
      this.resend.push(...numbers);
      await sleep(PAUSE_MS);
    }
  }

  private accept(id: string, n: number): void {
    this.accepted.set(id, n);
    this.lastAccepted = performance.now();
  }

  private refuse(n: number, reason: string): void {
    this.refused += 1;
    this.lastTrouble = reason;
    this.resend.push(n);
  }
}
