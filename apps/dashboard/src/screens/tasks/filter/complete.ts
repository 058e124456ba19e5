import { TASK_STATES } from '@lovage/task';
import { KEYS, type FilterKey } from './filter.ts';
import { parseFilter } from './parse.ts';
import { printPath, printValue } from './print.ts';
import { termsOf, type Term } from './terms.ts';

/** A field that some contract's input has. */
export interface KnownField {
  readonly path: readonly string[];
  /** `string`, `number`, … as the schema says; for people. */
  readonly type: string;
  /** Values that the schema lists. */
  readonly values?: readonly string[];
}

/** What completion can offer. */
export interface Known {
  readonly names: readonly string[];
  readonly queues: readonly string[];
  readonly workers: readonly string[];
  /** Fields of the inputs of these contracts; without a name: of all. */
  readonly fields: (name: string | undefined) => readonly KnownField[];
}

export interface Option {
  /** What is put in the place of the word. */
  readonly insert: string;
  readonly label: string;
  readonly detail?: string;
}

export interface Completion {
  /** The part of the text that an option replaces. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly Option[];
}

const MAX_OPTIONS = 12;
const TIMES = ['>15m', '>1h', '>1d', '>1w', '<1h', '<1d'] as const;
const TIME_WORDS = [
  'last 15 minutes',
  'last hour',
  'last day',
  'last week',
  'an hour ago or before',
  'a day ago or before',
];

/** What could stand where the caret is. */
export function complete(text: string, caret: number, known: Known): Completion {
  const term = termsOf(text).find(({ from, to }) => from < caret && caret <= to);
  if (!term) return { from: caret, to: caret, options: keysLike('') };
  const place = { from: term.from, to: term.to };
  const typed = text.slice(term.from, caret);
  if (term.key === undefined || caret < term.valueFrom) {
    if (typed.toLowerCase().startsWith('input.')) return { ...place, options: paths(typed, text, known) };
    return { ...place, options: keysLike(typed) };
  }
  return { ...place, options: values(term, text, caret, known) };
}

function keysLike(typed: string): Option[] {
  const word = typed.toLowerCase();
  return (Object.entries(KEYS) as [FilterKey, string][])
    .filter(([key]) => key.startsWith(word))
    .map(([key, detail]) => {
      const insert = key === 'input' ? 'input.' : `${key}:`;
      return { insert, label: insert, detail };
    });
}

function paths(typed: string, text: string, known: Known): Option[] {
  const word = typed.slice('input.'.length).toLowerCase();
  return fieldsOf(text, known)
    .map(({ path, type }) => ({ path: printPath(path), type }))
    .filter(({ path }) => path.toLowerCase().includes(word))
    .slice(0, MAX_OPTIONS)
    .map(({ path, type }) => ({ insert: `input.${path}:`, label: `input.${path}:`, detail: type }));
}

function fieldsOf(text: string, known: Known): readonly KnownField[] {
  return known.fields(parseFilter(text).filter.name);
}

function values(term: Term, text: string, caret: number, known: Known): Option[] {
  const key = term.key!;
  const head = text.slice(term.from, term.valueFrom);
  const name = key[0]!.toLowerCase();
  if (name === 'state') return states(head, text.slice(term.valueFrom, caret));
  const typed = text.slice(term.valueFrom, caret).replace(/^"/, '').toLowerCase();
  const offer = (all: readonly string[], details?: readonly string[]): Option[] =>
    all
      .map((value, index) => ({ value, detail: details?.[index] }))
      .filter(({ value }) => value.toLowerCase().includes(typed))
      .slice(0, MAX_OPTIONS)
      .map(({ value, detail }) => {
        const insert = `${head}${details ? value : printValue(value)} `;
        return { insert, label: value, ...(detail !== undefined && { detail }) };
      });
  if (name === 'name') return offer(withPrefixes(known.names));
  if (name === 'queue') return offer(known.queues);
  if (name === 'worker') return offer(known.workers);
  if (name === 'user') return offer(['me']);
  if (name === 'created' || name === 'ended') return offer(TIMES, TIME_WORDS);
  if (name !== 'input') return [];
  const path = key.slice(1).join('.');
  const field = fieldsOf(text, known).find((one) => one.path.join('.') === path);
  return offer(field?.values ?? (field?.type === 'boolean' ? ['true', 'false'] : []));
}

/** Names, and `mail.*` where several begin with `mail.`. */
function withPrefixes(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const dot = name.indexOf('.');
    if (dot > 0) counts.set(name.slice(0, dot), (counts.get(name.slice(0, dot)) ?? 0) + 1);
  }
  const prefixes = [...counts].filter(([, count]) => count > 1).map(([prefix]) => `${prefix}.*`);
  return [...prefixes, ...names];
}

/** After a comma a further state is asked for; those that stand there are not offered again. */
function states(head: string, typed: string): Option[] {
  const parts = typed.toUpperCase().split(',');
  const last = parts.pop()!;
  const before = parts.map((part) => `${part},`).join('');
  return TASK_STATES.filter((state) => state.startsWith(last) && !parts.includes(state)).map((state) => ({
    insert: `${head}${before}${state} `,
    label: state,
  }));
}
