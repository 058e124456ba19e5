import { durationMs } from '@lovage/foundation';
import { MAX_KEEP, MIN_KEEP, TERMINAL_STATES, type CompiledRetention, type TerminalState } from '@lovage/task';
import { durationFrom } from './parsers.ts';
import { shown, type Reader } from './reader.ts';

export interface ResultsSettings {
  /** `RESULT_RETENTION`, ms. Default 7 days: tasks that ended longer ago are deleted, with all that belongs to them, and firings as old. */
  readonly retentionMs: number;
  /**
   * `RESULT_RETENTION_BY_STATE`, ms, `Infinity` for ever: how long tasks are kept that ended in these states. Default: all as
   * {@link retentionMs}.
   */
  readonly retentionByState: CompiledRetention;
  /** `DEAD_LETTER_RETENTION`, ms. Default 30 days: dead letters written down longer ago are deleted, whether they were redriven or not. */
  readonly deadLettersMs: number;
}

const BY_STATE = 'RESULT_RETENTION_BY_STATE';
const SUCH_AS = `such as SUCCESS=1d,FAILURE=30d,DEAD=forever: durations from ${MIN_KEEP} to ${MAX_KEEP}, or forever`;

const keptFor = durationFrom(MIN_KEEP, MAX_KEEP);

export function readResultsSettings(reader: Reader): ResultsSettings {
  return {
    retentionMs:
      reader.value('RESULT_RETENTION', `a duration such as 7d, 36h or 90m, from ${MIN_KEEP} to ${MAX_KEEP}`, keptFor) ??
      durationMs('7d'),
    retentionByState: readByState(reader),
    deadLettersMs:
      reader.value(
        'DEAD_LETTER_RETENTION',
        `a duration such as 30d, 36h or 90m, from ${MIN_KEEP} to ${MAX_KEEP}`,
        keptFor,
      ) ?? durationMs('30d'),
  };
}

/** `SUCCESS=1d,DEAD=forever`. */
function readByState(reader: Reader): CompiledRetention {
  const kept: { -readonly [S in keyof CompiledRetention]: number } = {};
  for (const rule of reader.text(BY_STATE)?.split(',') ?? []) {
    const [, word, text] = /^\s*([A-Za-z]+)\s*=\s*(\S+)\s*$/.exec(rule) ?? [];
    const state = TERMINAL_STATES.find((known) => known === word);
    const ms = text === 'forever' ? Infinity : keptFor(text ?? '');
    if (state === undefined || ms === undefined || state in kept) {
      reader.wrong(BY_STATE, problemOf(rule, word, state, ms), SUCH_AS);
      return {};
    }
    kept[state] = ms;
  }
  return kept;
}

function problemOf(
  rule: string,
  word: string | undefined,
  state: TerminalState | undefined,
  ms: number | undefined,
): string {
  if (word === undefined) return shown(rule);
  if (state === undefined)
    return `wrong in ${shown(rule)} (${word} is no state that a task ends in: ${TERMINAL_STATES.join(', ')})`;
  return ms === undefined ? `wrong in ${shown(rule)}` : `wrong (${state} stands in it twice)`;
}
