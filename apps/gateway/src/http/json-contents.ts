import { fitText, InexactNumber } from '@lovage/foundation';
import { MAX_ISSUES, type Issue } from '@lovage/task';

/** What parsed JSON must not hold, wherever it stands: the first {@link MAX_ISSUES} of all. */
export interface BadContents {
  /** Keys that would reach an object's prototype once copied without care. */
  readonly forbiddenKeys: string[];
  /** Texts that Postgres, or anything that speaks UTF-8, cannot keep, and numbers that no double holds. */
  readonly badTexts: Issue[];
}

const LONE_SURROGATE = /\p{Surrogate}/u;
/** Of a path that goes into an answer, characters: each of its keys may be as long as the body. */
const MAX_PATH = 500;

/** Whether a JSON text could hold what {@link findBadContents} looks for; most cannot. */
export function isSuspicious(json: string): boolean {
  return json.includes('\\u') || json.includes('__proto__') || json.includes('constructor');
}

/** Walks a value made by `JSON.parse`, of bounded depth. */
export function findBadContents(value: unknown): BadContents {
  const found: BadContents = { forbiddenKeys: [], badTexts: [] };
  walk(value, '', found);
  return found;
}

function walk(value: unknown, path: string, found: BadContents): void {
  if (typeof value === 'string') {
    const wrong = wrongWith(value);
    if (wrong) found.badTexts.push({ path: printable(path) || 'body', message: wrong });
  } else if (value instanceof InexactNumber)
    found.badTexts.push({
      path: printable(path) || 'body',
      message: fitText(`${value.text} is beyond what a number holds; send it as a text`, MAX_PATH),
    });
  else if (Array.isArray(value)) {
    for (let index = 0; index < value.length && !isEnough(found); index += 1)
      walk(value[index], join(path, String(index)), found);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, member] of Object.entries(value)) {
      if (isEnough(found)) return;
      const at = join(path, key);
      if (key === '__proto__' || (key === 'constructor' && hasPrototype(member)))
        found.forbiddenKeys.push(printable(at));
      const wrong = wrongWith(key);
      if (wrong) found.badTexts.push({ path: printable(at), message: `its name ${wrong}` });
      walk(member, at, found);
    }
  }
}

const isEnough = ({ forbiddenKeys, badTexts }: BadContents): boolean =>
  forbiddenKeys.length + badTexts.length >= MAX_ISSUES;

function wrongWith(text: string): string | undefined {
  if (text.includes('\0')) return 'contains NUL (U+0000), which cannot be stored';
  if (LONE_SURROGATE.test(text)) return 'contains half of a surrogate pair, which is no character';
  return undefined;
}

/** One character more than is shown, which tells that there is more: the whole would be copied for each thing found. */
const begin = (text: string): string => text.slice(0, MAX_PATH + 1);
const join = (path: string, key: string): string => (path === '' ? begin(key) : begin(`${path}.${begin(key)}`));
const hasPrototype = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, 'prototype');
/** A path that goes into an answer: what made the key bad is shown as U+FFFD. */
const printable = (path: string): string => fitText(path, MAX_PATH);
