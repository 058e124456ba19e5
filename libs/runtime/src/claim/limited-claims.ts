import { createHash } from 'node:crypto';
import { inputOf } from '@lovage/celery';
import type { ClaimedTask, LimitedClaimItem, LimitStore, Log, TaskLimits } from '@lovage/ports';
import { validateInput, type LimitKeyValue } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { toItem } from './to-item.ts';
import type { LimitOverrides } from './limit-overrides.ts';

export interface LimitedClaimsDeps {
  /** Of the worker. */
  readonly name: string;
  readonly limits: LimitStore;
  readonly overrides: Pick<LimitOverrides, 'of'>;
  readonly log: Log;
}

/** Of a value longer than this its hash stands in the key: Postgres cannot index what is much longer. */
const MAX_VALUE = 200;

/** Claims tasks whose contract has limits, or was given some by an operator. What has to wait is parked: this worker is rid of it. */
export class LimitedClaims {
  private readonly parked = new Set<TaskEntry>();

  constructor(private readonly deps: LimitedClaimsDeps) {}

  /** Finds out whether the task has limits, and notes them on it. */
  concerns(entry: TaskEntry): boolean {
    entry.limits = this.limitsOf(entry);
    return entry.limits !== undefined;
  }

  /** What was granted. Of the rest, some wait now ({@link hasParked}); the others were refused by their rows. */
  async claim(worker: string, entries: readonly TaskEntry[], options: { suspects: boolean }): Promise<ClaimedTask[]> {
    const items = entries.map((entry): LimitedClaimItem => ({ ...toItem(entry), limits: entry.limits! }));
    const claims = await this.deps.limits.claim({ id: worker, name: this.deps.name }, items, options);
    const parked = new Set(claims.filter((claim) => claim.outcome === 'parked').map(({ id }) => id));
    for (const entry of entries) if (parked.has(entry.id)) this.parked.add(entry);
    return claims.filter((claim) => claim.outcome === 'granted');
  }

  /** Whether the last claim of it has made it wait. Asked once. */
  hasParked(entry: TaskEntry): boolean {
    return this.parked.delete(entry);
  }

  private limitsOf(entry: TaskEntry): TaskLimits | undefined {
    const { binding, options } = entry;
    if (!binding || options.record !== 'full') return undefined;
    const { contract } = binding;
    const { concurrency, rateLimit } = options;
    const set = this.deps.overrides.of(contract.name);
    if (!concurrency && !rateLimit && !set) return undefined;
    let input: unknown;
    if (concurrency?.key || rateLimit?.key) {
      try {
        input = validateInput(contract, inputOf(entry.task, contract.positional));
      } catch {
        // It fails before its handler is called: there is nothing to limit.
        return undefined;
      }
    }
    const key = (kind: string, of: ((input: unknown) => LimitKeyValue) | undefined) =>
      of ? `${kind}:${contract.name}:${this.valueOf(entry, () => of(input))}` : `${kind}:${contract.name}`;
    return {
      contract: contract.name,
      concurrency:
        concurrency || set?.concurrency
          ? { key: key('concurrency', concurrency?.key), limit: concurrency?.limit ?? null }
          : null,
      rate:
        rateLimit || set?.rate
          ? {
              key: key('rate', rateLimit?.key),
              intervalMs: rateLimit?.intervalMs ?? null,
              burst: rateLimit?.burst ?? 1,
            }
          : null,
    };
  }

  /** Tasks of which no value can be had share one: they are limited all the same. */
  private valueOf(entry: TaskEntry, read: () => LimitKeyValue): string {
    let value: unknown;
    try {
      value = read();
      if (!['string', 'number', 'boolean'].includes(typeof value)) throw new TypeError(`it answered ${typeof value}`);
    } catch (error) {
      const { log } = this.deps;
      log.error(
        { err: error, task: entry.id, contract: entry.task.name },
        'the key of a limit could not be found; the task is counted with all of its contract that have none',
      );
      return '';
    }
    const text = String(value);
    // NUL is the one character that Postgres does not keep.
    return text.length <= MAX_VALUE && !text.includes('\0')
      ? text
      : createHash('sha256').update(text).digest('base64url');
  }
}
