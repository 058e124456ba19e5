import type { Duration } from '@lovage/foundation';
import type { AnyContract, SubmitInput } from '../contract.ts';
import { DefinitionError } from '../errors.ts';
import { compileOptions } from '../options/task-options.ts';
import { compileUnique, type SubmitUnique } from '../options/unique-options.ts';
import type { Stamp } from '../version/stamp.ts';
import { bigintsToJson } from '../bigints.ts';
import { validateInput } from '../validate.ts';
import { cronTiming, everyTiming, type Timing } from './timing.ts';

/**
 * What becomes of moments that passed while no beat ran, or Postgres was away. A moment up to ten seconds late is not
 * missed: it always fires.
 * - `latest` (default): the newest missed one fires, once, unless a later moment is on time.
 * - `skip`: none fires.
 * - `{ all: n }`: each fires, in order; of more than `n` (1 to 1000) the newest `n`.
 */
export type CatchUp = 'skip' | 'latest' | { readonly all: number };

/** How the tasks of a schedule are sent; what is left out is as the contract says. */
export interface ScheduleOptions {
  /** Queue to send them to, instead of the contract's. */
  queue?: string;
  /** A task that has not started so long after it fired becomes `EXPIRED`: wise for short intervals, or they pile up while no worker runs. */
  expires?: Duration;
  timeLimit?: Duration;
  softTimeLimit?: Duration;
  /**
   * `true`: a moment makes no second task while the one before has not ended. See `docs/unique.md`. Default: as the contract says.
   */
  unique?: boolean | SubmitUnique;
  /** From 0 to 9, higher is more urgent, instead of the contract's. */
  priority?: number;
}

interface ScheduleBase<C extends AnyContract> extends ScheduleOptions {
  /** Unique; lower case words, such as `maintenance.prune_results`. Another name is another schedule. */
  name: string;
  /** What to run. */
  contract: C;
  /** What to run it with. Must be plain JSON. */
  input: NoInfer<SubmitInput<C>>;
  catchUp?: CatchUp;
  /** `false`: it never fires by itself; it can still be run by hand. Default true. */
  enabled?: boolean;
}

/** What {@link defineSchedule} takes. */
export type ScheduleDefinition<C extends AnyContract> = ScheduleBase<C> &
  (
    | {
        /** Five fields, or six with seconds first; `@daily` and its kin. */
        cron: string;
        /** IANA name of the zone whose wall clock the pattern means. Default `UTC`. */
        timeZone?: string;
        every?: never;
      }
    | {
        /** From one second on. Aligned to 1970-01-01T00:00:00Z, so that `1h` comes at every full hour of UTC. */
        every: Duration;
        cron?: never;
        timeZone?: never;
      }
  );

/** A rule that fires a task, checked and complete. */
export interface Schedule {
  readonly name: string;
  readonly contract: AnyContract;
  readonly input: unknown;
  readonly timing: Timing;
  readonly catchUp: CatchUp;
  readonly options: Readonly<ScheduleOptions>;
  readonly enabled: boolean;
}

/** A schedule as plain JSON: how it is kept, and what beats fire from. */
export interface StoredSchedule {
  readonly contract: string;
  readonly input: unknown;
  /** What the input was made for: of the contract that the schedule was defined with. Left out by older releases. */
  readonly stamp?: Stamp;
  readonly timing: Timing;
  readonly catchUp: CatchUp;
  readonly options: Readonly<ScheduleOptions>;
}

const NAME = /^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/;
const MAX_ALL = 1000;
const OPTIONS = ['queue', 'expires', 'timeLimit', 'softTimeLimit', 'priority', 'unique'] as const;
const KNOWN: readonly string[] = [
  ...['name', 'contract', 'input', 'cron', 'every', 'timeZone', 'catchUp', 'enabled'],
  ...OPTIONS,
];

/**
 * Defines a schedule. Put it into `allSchedules` of `libs/contracts`, and every beat fires it. See `docs/schedules.md`.
 * @throws DefinitionError when the name, the timing, the options or the input cannot work; the message says which and why.
 */
export function defineSchedule<C extends AnyContract>(definition: ScheduleDefinition<C>): Schedule {
  const given = definition as Loose;
  const { name, contract, input, cron, every, timeZone, catchUp = 'latest', enabled = true } = given;
  const refuse = (reason: string, cause?: unknown): never => {
    throw new DefinitionError(`schedule ${JSON.stringify(name)}: ${reason}`, { cause });
  };
  if (typeof name !== 'string' || !NAME.test(name) || name.length > 100)
    refuse('a name is lower case words with dots between them, such as "reports.daily", at most 100 characters');
  for (const key of Object.keys(definition))
    if (!KNOWN.includes(key)) refuse(`${key}: unknown option (known: ${KNOWN.join(', ')})`);
  if (typeof enabled !== 'boolean') refuse('enabled: must be true or false');
  if ((cron === undefined) === (every === undefined)) refuse('give either cron or every');
  if (every !== undefined && timeZone !== undefined) refuse('timeZone: belongs to cron; an interval has none');
  checkCatchUp(catchUp, refuse);
  const options = Object.fromEntries(
    OPTIONS.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]),
  ) as ScheduleOptions;
  try {
    const { unique, ...rest } = options;
    compileOptions(rest);
    checkUnique(contract, unique);
    validateInput(contract, input);
    const timing = cron === undefined ? everyTiming(every!) : cronTiming(cron, timeZone);
    return Object.freeze({
      name,
      contract,
      input: asJson(bigintsToJson(contract.input, input)),
      timing,
      catchUp,
      options,
      enabled,
    });
  } catch (error) {
    return refuse((error as Error).message, error);
  }
}

/** The schedule as it is kept. */
export function storedSchedule({ contract, input, timing, catchUp, options }: Schedule): StoredSchedule {
  return { contract: contract.name, input, stamp: contract.stamp, timing, catchUp, options };
}

type Loose = ScheduleBase<AnyContract> & { cron?: string; every?: Duration; timeZone?: string };

function checkUnique(contract: AnyContract, unique: ScheduleOptions['unique']): void {
  if (unique === undefined || unique === false) return;
  if (typeof (unique as { by?: unknown }).by === 'function')
    throw new RangeError('unique.by: must be a list of fields; a function belongs to the contract');
  compileUnique(unique, contract.input, contract.options.unique);
  if (contract.options.record !== 'full') throw new RangeError("unique: needs a contract of record: 'full'");
}

function checkCatchUp(catchUp: CatchUp, refuse: (reason: string) => never): void {
  if (catchUp === 'skip' || catchUp === 'latest') return;
  const all = typeof catchUp === 'object' && catchUp !== null ? catchUp.all : undefined;
  if (!Number.isInteger(all) || all! < 1 || all! > MAX_ALL)
    refuse(`catchUp: must be "skip", "latest" or { all: n } with n from 1 to ${MAX_ALL}`);
}

/** It is kept as JSON, so what JSON does not carry must not look as if it did. */
function asJson(input: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(input)) as unknown;
  if (!sameJson(input, copy)) throw new RangeError('input: must be plain JSON: no dates, no undefined, no classes');
  return copy;
}

function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null) return Object.is(a, b);
  if (typeof b !== 'object' || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
