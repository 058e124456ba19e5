import type { Duration } from '@lovage/foundation';
import { TERMINAL_STATES, type TerminalState } from '../states.ts';
import { named, refuseUnknown, shown } from './checks.ts';

/** How long an ended task is kept: from `'1m'` to `'3650d'`, or for ever. */
export type Keep = Duration | 'forever';

/** How long ended tasks of a contract are kept: all alike, or by the state they ended in. */
export type RetentionOptions = Keep | { readonly [S in TerminalState]?: Keep };

/** {@link RetentionOptions} in ms; `Infinity`: for ever. A state that is missing follows the worker's settings. */
export type CompiledRetention = Readonly<Partial<Record<TerminalState, number>>>;

/** Shortest and longest time that an ended task may be kept. To keep nothing at all there is `record: 'none'`. */
export const MIN_KEEP = '1m';
export const MAX_KEEP = '3650d';

/** @throws RangeError */
export function compileRetention(given: RetentionOptions | undefined): CompiledRetention | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object') {
    const ms = keepMs('retention', given);
    return Object.fromEntries(TERMINAL_STATES.map((state) => [state, ms]));
  }
  refuseUnknown('retention: ', 'state', given, TERMINAL_STATES, 'retention.');
  const compiled: { -readonly [S in keyof CompiledRetention]: number } = {};
  for (const state of TERMINAL_STATES) {
    const keep = given[state];
    if (keep !== undefined) compiled[state] = keepMs(`retention.${state}`, keep);
  }
  return compiled;
}

function keepMs(name: string, keep: Keep): number {
  if (keep === 'forever') return Infinity;
  const ms = named(name, keep);
  if (ms < named(name, MIN_KEEP) || ms > named(name, MAX_KEEP))
    throw new RangeError(
      `${name}: ${shown(keep)} is not between ${MIN_KEEP} and ${MAX_KEEP}; 'forever' keeps it, record: 'none' keeps nothing`,
    );
  return ms;
}
