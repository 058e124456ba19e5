import { TASK_STATES, type TaskState } from '@lovage/task';
import {
  KEYS,
  MAX_FILTER,
  NO_FILTER,
  SINGLE_KEYS,
  type FilterError,
  type FilterErrorCode,
  type FilterKey,
  type InputField,
  type SingleKey,
  type Span,
  type TaskListFilter,
} from './filter.ts';
import { isDay, momentOf, nextDay } from './moments.ts';
import { termsOf, type Term } from './terms.ts';

/** The gateway's bounds. */
const LONGEST: Readonly<Partial<Record<FilterKey, number>>> = { name: 200, queue: 200, worker: 255, tag: 100 };
const MAX_TEXT = 200;
const MAX_TAGS = 10;
const MAX_FIELDS = 5;
const MAX_FIELD = 300;
const MAX_DEPTH = 10;
const MAX_SEGMENT = 100;

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Control characters and halves of characters. */
const NO_TEXT = /[\p{Cc}\p{Cs}]/u;
const STATES: ReadonlySet<string> = new Set(TASK_STATES);

export interface ParsedFilter {
  /** What could be understood. */
  readonly filter: TaskListFilter;
  /** Empty: all was understood. In the order of the text. */
  readonly errors: readonly FilterError[];
}

type Draft = { -readonly [K in keyof TaskListFilter]: TaskListFilter[K] };

class Refusal extends Error {
  constructor(
    readonly code: FilterErrorCode,
    message: string,
    readonly at?: { readonly from: number; readonly to: number },
  ) {
    super(message);
  }
}

/** Reads a text of the filter language, in time linear in its length. Never throws: what it cannot read is in `errors`. */
export function parseFilter(text: string): ParsedFilter {
  const filter: Draft = { ...NO_FILTER };
  const errors: FilterError[] = [];
  const words: string[] = [];
  for (const term of termsOf(text)) {
    try {
      if (term.error) throw new Refusal(term.error.code, term.error.message, term.error);
      if (term.key === undefined) addWord(words, term);
      else addTerm(filter, term, term.key);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message, at = term } = error;
      errors.push({ code, from: at.from, to: at.to, message });
    }
  }
  if (words.length > 0) filter.text = words.join(' ');
  if (text.length > MAX_FILTER)
    errors.push({
      ...{ code: 'too_long', from: MAX_FILTER, to: text.length },
      message: `a filter has at most ${MAX_FILTER} characters`,
    });
  return { filter, errors };
}

function addWord(words: string[], term: Term): void {
  const value = checked(term);
  if ([...words, value].join(' ').length > MAX_TEXT)
    throw new Refusal('too_long', `a text to search for has at most ${MAX_TEXT} characters`);
  words.push(value);
}

function addTerm(filter: Draft, term: Term, key: readonly string[]): void {
  const name = key[0]!.toLowerCase();
  if (name.startsWith('-') && isKey(name.slice(1)))
    throw new Refusal('negation', 'a filter says what tasks are, not what they are not; name the states that you want');
  if (!isKey(name) || (key.length > 1 && name !== 'input'))
    throw new Refusal(
      'unknown_key',
      `there is no filter “${key.join('.')}”; use ${Object.keys(KEYS).join(', ')}, or put a text to search for in quotes`,
    );
  if (name === 'state') filter.states = union(filter.states, statesOf(term));
  else if (name === 'created' || name === 'ended') filter[name] = spanOf(term, name, filter[name]);
  else if (name === 'input') filter.fields = added(filter.fields, fieldOf(term, key.slice(1)), MAX_FIELDS, 'fields');
  else if (name === 'tag') filter.tags = added(filter.tags, plain(term, name), MAX_TAGS, 'tags');
  else setSingle(filter, term, name);
}

const isKey = (name: string): name is FilterKey => Object.hasOwn(KEYS, name);

function setSingle(filter: Draft, term: Term, key: SingleKey): void {
  const field = SINGLE_KEYS[key];
  const value = singleOf(term, key);
  if (filter[field] !== undefined && filter[field] !== value)
    throw new Refusal('repeated', `${key} is given twice, and a task has one`);
  filter[field] = value;
}

function singleOf(term: Term, key: SingleKey): string {
  const value = plain(term, key);
  if (key === 'queue' || key === 'worker') return value;
  if (key === 'name') {
    const star = value.indexOf('*');
    if (star === 0 || (star > 0 && star < value.length - 1))
      throw new Refusal('wildcard', 'a * may stand at the end of a name only, such as mail.*');
    return value;
  }
  const id = value.toLowerCase();
  if (ID.test(id) || (key === 'user' && id === 'me')) return id;
  throw new Refusal('id_invalid', `${key} takes ${key === 'user' ? 'the id of a user, or me' : 'a whole id'}`);
}

/** A value in which no sign means anything. */
function plain(term: Term, key: FilterKey): string {
  const value = checked(term);
  if (!term.quoted && /^[<>]/.test(value))
    throw new Refusal('comparison', 'only times can be compared; put the value in quotes if it begins so');
  const longest = LONGEST[key];
  if (longest !== undefined && value.length > longest)
    throw new Refusal('too_long', `${key} has at most ${longest} characters`);
  return value;
}

function checked(term: Term): string {
  if (NO_TEXT.test(term.value))
    throw new Refusal('character', 'control characters are in no text that is kept; leave them out');
  if (term.value === '') {
    const isField = term.key?.[0]?.toLowerCase() === 'input' && term.quoted;
    if (!isField)
      throw new Refusal('value_missing', term.key ? `say which ${term.key.join('.')}` : 'a text is missing');
  }
  return term.value;
}

function statesOf(term: Term): TaskState[] {
  let at = term.valueFrom;
  return checked(term)
    .split(',')
    .map((part) => {
      const state = part.toUpperCase();
      const place = { from: at, to: Math.min(at + part.length, term.to) };
      at += part.length + 1;
      if (STATES.has(state)) return state as TaskState;
      throw new Refusal(
        'state_unknown',
        `a state is one of ${TASK_STATES.join(', ')}`,
        term.quoted || part === '' ? undefined : place,
      );
    });
}

function union(before: readonly TaskState[], more: readonly TaskState[]): TaskState[] {
  return TASK_STATES.filter((state) => before.includes(state) || more.includes(state));
}

function fieldOf(term: Term, path: readonly string[]): InputField {
  if (path.length === 0 || path.some((name) => name === ''))
    throw new Refusal('path_missing', 'say which field, such as input.user.id:17');
  if (
    path.length > MAX_DEPTH ||
    path.some((name) => name.length > MAX_SEGMENT || /[.=]/.test(name) || NO_TEXT.test(name))
  )
    throw new Refusal('path_invalid', `at most ${MAX_DEPTH} names of ${MAX_SEGMENT} characters, without . and =`);
  const value = plain(term, 'input');
  if (path.join('.').length + 1 + value.length > MAX_FIELD)
    throw new Refusal('too_long', `a field and its value have at most ${MAX_FIELD} characters together`);
  return { path, value };
}

function added<T>(before: readonly T[], one: T, most: number, what: string): readonly T[] {
  const same = JSON.stringify(one);
  if (before.some((other) => JSON.stringify(other) === same)) return before;
  if (before.length === most) throw new Refusal('too_many', `at most ${most} ${what} can be asked for at once`);
  return [...before, one];
}

function spanOf(term: Term, key: 'created' | 'ended', before: Span | undefined): Span {
  const span = readSpan(checked(term), key);
  for (const side of ['from', 'to'] as const)
    if (span[side] !== undefined && before?.[side] !== undefined && before[side] !== span[side])
      throw new Refusal('repeated', `${key} has two ${side === 'from' ? 'beginnings' : 'ends'}`);
  return { ...before, ...span };
}

function readSpan(value: string, key: string): Span {
  const [, sign, compared] = /^([<>])=?(.*)$/s.exec(value) ?? [];
  if (sign !== undefined) return { [sign === '>' ? 'from' : 'to']: readMoment(compared!) };
  const dots = value.indexOf('..');
  if (dots >= 0) return { from: readMoment(value.slice(0, dots)), to: readMoment(value.slice(dots + 2)) };
  const moment = readMoment(value);
  if (isDay(moment)) return { from: moment, to: nextDay(moment) };
  throw new Refusal('time_bare', `say ${key}:>${value} for since then, or ${key}:<${value} for before`);
}

function readMoment(text: string): string {
  const moment = momentOf(text);
  if (moment !== undefined) return moment;
  throw new Refusal(
    'time_invalid',
    'a time is 90s, 15m, 1h, 2d or 1w ago, 2026-11-29, or 2026-11-29T09:30 (with Z for UTC)',
  );
}
