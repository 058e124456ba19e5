import { maskUrl } from '@lovage/foundation';
import { SettingError, type SettingProblem } from './setting-error.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Reads texts into values and gathers what is wrong with them. An empty text counts as not set. */
export class Reader {
  readonly problems: SettingProblem[] = [];

  constructor(private readonly env: Env) {}

  text(variable: string): string | undefined {
    const text = this.env[variable]?.trim();
    return text === '' ? undefined : text;
  }

  /** Also a secret's: taken as it is, blanks included. */
  secret(variable: string): string | undefined {
    return this.env[variable] || undefined;
  }

  /** @param parse gives undefined for a text that will not do. */
  value<T>(variable: string, expected: string, parse: (text: string) => T | undefined): T | undefined {
    const text = this.text(variable);
    return text === undefined ? undefined : this.parsed(variable, text, expected, parse);
  }

  parsed<T>(variable: string, text: string, expected: string, parse: (text: string) => T | undefined): T | undefined {
    const value = parse(text);
    if (value === undefined) this.wrong(variable, /URL$/i.test(variable) ? shownUrl(text) : shown(text), expected);
    return value;
  }

  wrong(variable: string, is: string, expected: string): void {
    this.problems.push({ variable, is, expected });
  }

  missing(variable: string, expected: string): void {
    this.wrong(variable, 'not set', expected);
  }

  /** @throws SettingError */
  finish(): void {
    if (this.problems.length > 0) throw new SettingError(this.problems);
  }
}

/** A URL fit for a message. Nothing is shown of an invalid one, since a password may stand anywhere in it. */
export function shownUrl(text: string): string {
  const safe = maskUrl(text);
  return safe === '(not a URL)' ? safe : shown(safe);
}

/** A text fit for a message: short, and a URL without its password. */
export function shown(text: string): string {
  // Also of a URL whose slashes are missing.
  const safe = text.includes('://') || text.indexOf('@') > text.indexOf(':') ? maskUrl(text) : text;
  return JSON.stringify(safe.length > 100 ? `${safe.slice(0, 100)}…` : safe);
}
