import { SINGLE_KEYS, type SingleKey, type Span, type TaskListFilter } from './filter.ts';

/** Writes a filter in the one way that `parseFilter` reads to the same filter. */
export function printFilter(filter: TaskListFilter): string {
  const words: string[] = [];
  if (filter.states.length > 0) words.push(`state:${filter.states.join(',')}`);
  for (const key of Object.keys(SINGLE_KEYS) as SingleKey[]) {
    const value = filter[SINGLE_KEYS[key]];
    if (value !== undefined) words.push(`${key}:${printValue(value)}`);
  }
  for (const tag of filter.tags) words.push(`tag:${printValue(tag)}`);
  for (const { path, value } of filter.fields) words.push(`input.${printPath(path)}:${printValue(value)}`);
  for (const key of ['created', 'ended'] as const) {
    const span = filter[key];
    if (span) words.push(...printSpan(key, span));
  }
  if (filter.text !== undefined)
    words.push(/^[\p{L}\p{N}_.@/+-]+$/u.test(filter.text) ? filter.text : quote(filter.text));
  return words.join(' ');
}

/** A value as it is, or in quotes where it could be read otherwise. */
export function printValue(value: string): string {
  return /^[^\s"<>][^\s]*$/u.test(value) ? value : quote(value);
}

/** Names of a path with dots between; in quotes where a sign in them means something. */
export function printPath(path: readonly string[]): string {
  return path.map((name) => (/^[^\s".:]+$/u.test(name) ? name : quote(name))).join('.');
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

function printSpan(key: string, { from, to }: Span): string[] {
  if (from !== undefined && to !== undefined) return [`${key}:${from}..${to}`];
  if (from !== undefined) return [`${key}:>${from}`];
  return to === undefined ? [] : [`${key}:<${to}`];
}
