import { boundedJson, fieldOf, JsonTooLargeError, NotJsonError, textOf } from '@lovage/foundation';
import type { AnyContract } from '@lovage/task';
import { StepInvalidError, StepsUnavailableError } from './step-errors.ts';

/** Where steps are kept; `S` is the task they belong to. Values travel as JSON text. */
export interface Steps<S> {
  /** What the step came to, if it is recorded. */
  find(subject: S, key: string): Promise<string | undefined>;
  /** Records it; resolves to what stands: this value, or that of who was first. */
  keep(subject: S, key: string, value: string): Promise<string>;
}

const MAX_KEY = 200;
/** Of a value as JSON, bytes. What is larger belongs in a file or a table of its own. */
const MAX_VALUE = 64 * 1024;

/** `task.once` of one attempt. */
export class Once<S> {
  /** Steps of this attempt, under way or done: a key used twice at once runs once. */
  private readonly begun = new Map<string, Promise<string>>();

  constructor(
    private readonly subject: S,
    private readonly contract: AnyContract,
    private readonly steps: Steps<S> | undefined,
    /** Throws when the task may be in other hands: nothing new must be begun. */
    private readonly mayBegin: () => void,
  ) {}

  async do<T>(key: string, fn: () => T | Promise<T>): Promise<T> {
    if (typeof key !== 'string' || key === '' || key.length > MAX_KEY || key.includes('\0'))
      throw new StepInvalidError(key, `a key is a text of 1 to ${MAX_KEY} characters without NUL`);
    const { name, options } = this.contract;
    if (options.record !== 'full')
      throw new StepsUnavailableError(
        `${name} has record: '${options.record}', so nothing guards its steps; give it record: 'full' to use task.once`,
      );
    let step = this.begun.get(key);
    if (!step) {
      step = this.run(key, fn);
      this.begun.set(key, step);
      // What failed may be tried again within the attempt.
      step.catch(() => this.begun.delete(key));
    }
    return JSON.parse(await step) as T;
  }

  private async run(key: string, fn: () => unknown): Promise<string> {
    const { steps, subject } = this;
    if (!steps) throw new StepsUnavailableError('this worker was made without a store of steps');
    const found = await steps.find(subject, key);
    if (found !== undefined) return found;
    this.mayBegin();
    return steps.keep(subject, key, jsonOf(key, await fn()));
  }
}

function jsonOf(key: string, value: unknown): string {
  try {
    return boundedJson(value, MAX_VALUE);
  } catch (error) {
    if (error instanceof JsonTooLargeError)
      throw new StepInvalidError(
        key,
        `its value is longer than ${MAX_VALUE} bytes as JSON; keep it elsewhere, and where here`,
      );
    const path = error instanceof NotJsonError ? error.path : '';
    const reason = textOf(fieldOf(error, 'message') ?? error);
    throw new StepInvalidError(key, `its value${path} cannot be kept as JSON: ${reason}`);
  }
}
