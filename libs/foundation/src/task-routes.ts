import { closest } from './closest.ts';
import { isQueueText, QUEUE_TEXT_RULE } from './queue-text.ts';

/** Where tasks go whose contract's name fits a pattern. */
export interface RouteRule {
  /**
   * A contract's name, in which `*` stands for any run of characters, dots included: `mail.send`, `image.*`, `*.report`, `*`.
   */
  match: string;
  /** Queue that such tasks are sent to, instead of the contract's. */
  queue: string;
}

const KNOWN: readonly string[] = ['match', 'queue'];
/** Longest pattern: that of a contract's name. */
const MAX_MATCH = 200;
/** Each submit looks through them, once for each name. */
const MAX_RULES = 1000;

/** A rule of {@link TaskRoutes} that cannot work, or is never reached. */
export class RouteRuleError extends RangeError {
  /** @param rule which, from 0. @param field of it; empty: the whole. @param reason what is wrong, for people. */
  constructor(
    readonly rule: number,
    field: string,
    readonly reason: string,
  ) {
    super(`routes.${rule}${field && `.${field}`}: ${reason}`);
  }
}

/** Routing rules, checked. The first whose pattern fits a name decides. */
export class TaskRoutes {
  /** Nothing is routed: each task goes where its contract says. */
  static readonly none = new TaskRoutes([]);
  private readonly rules: readonly (RouteRule & { readonly fits: (name: string) => boolean })[];
  private readonly known = new Map<string, RouteRule | undefined>();

  /** @throws RouteRuleError RangeError too many, or no list */
  constructor(rules: readonly RouteRule[]) {
    if (!Array.isArray(rules)) throw new RangeError('routes: must be a list of rules such as { match, queue }');
    if (rules.length > MAX_RULES) throw new RangeError(`routes: ${rules.length} rules, at most ${MAX_RULES}`);
    const seen = new Set<string>();
    this.rules = rules.map((rule, n) => {
      refuseUnknown(n, rule);
      const { match, queue } = rule;
      if (typeof match !== 'string' || match.length > MAX_MATCH || !/^[\w.*-]+$/.test(match))
        throw new RouteRuleError(
          n,
          'match',
          `${shown(match)} is no pattern: letters, digits, "_ . - *", at most ${MAX_MATCH}`,
        );
      if (!isQueueText(queue))
        throw new RouteRuleError(n, 'queue', `${shown(queue)} is no queue name (${QUEUE_TEXT_RULE})`);
      if (seen.has(match) || seen.has('*'))
        throw new RouteRuleError(
          n,
          'match',
          `${shown(match)} is never reached: ${seen.has(match) ? 'the same pattern' : '"*", which fits all,'} stands before it`,
        );
      seen.add(match);
      return Object.freeze({ match, queue, fits: fitsOf(match) });
    });
  }

  /** The first rule that fits; undefined: none does. */
  of(name: string): RouteRule | undefined {
    if (this.rules.length === 0) return undefined;
    if (this.known.has(name)) return this.known.get(name);
    const rule = this.rules.find(({ fits }) => fits(name));
    this.known.set(name, rule);
    return rule;
  }

  /** All queues that a rule names. */
  get queues(): string[] {
    return [...new Set(this.rules.map(({ queue }) => queue))];
  }
}

function refuseUnknown(n: number, rule: unknown): void {
  if (typeof rule !== 'object' || rule === null)
    throw new RouteRuleError(n, '', 'must be an object such as { match, queue }');
  for (const key of Object.keys(rule)) {
    if (KNOWN.includes(key)) continue;
    const near = closest(key, KNOWN);
    throw new RouteRuleError(n, key, `unknown option of a route${near ? `; did you mean ${near}?` : ''}`);
  }
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? 'an object' : String(value);

/**
 * Tells whether a name fits a pattern. Between the stars each part is looked for once, from the left, so that no pattern is slow;
 * a regular expression with many stars would be.
 */
function fitsOf(match: string): (name: string) => boolean {
  const [first, ...parts] = match.split('*') as [string, ...string[]];
  const last = parts.pop();
  if (last === undefined) return (name) => name === match;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const part of parts) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}
