import { durationMs, type Duration } from '@lovage/foundation';
import type { Issue } from '../issue.ts';
import { SOFT_LIMIT_RULE } from './checks.ts';
import { compileRetry } from './retry-options.ts';
import type { TaskSubmitOptions } from './submit-options.ts';
import type { CompiledTaskOptions } from './task-options.ts';

/** Beyond this a date is a mistake (and near the end of what Postgres and JavaScript can keep): the year 9999, ms. */
const LATEST_TIME = Date.UTC(9999, 11, 31);

export const TIME_RULE = 'must be a Date between 1970 and 9999';

/** What of a contract decides about options. What is left out decides about none. */
export type SubmitDefaults = Partial<
  Pick<CompiledTaskOptions, 'expiresMs' | 'timeLimitMs' | 'softTimeLimitMs' | 'retry'>
>;

/**
 * All that is wrong with the times, limits and retries of one submit, by the option: what can be told from its value, from the
 * clock, from the other options and from the contract. These are the rules, and the words, of every submit.
 * @param now ms since the epoch.
 */
export function submitIssues(
  options: Pick<TaskSubmitOptions, 'delay' | 'eta' | 'expires' | 'timeLimit' | 'softTimeLimit' | 'retry'>,
  now: number,
  defaults: SubmitDefaults = {},
): readonly Issue[] {
  const issues: Issue[] = [];
  const issue = (path: string, message: string): undefined => void issues.push({ path, message });
  checkTimes(options, now, defaults, issue);
  checkLimits(options, defaults, issue);
  if (options.retry !== undefined) {
    try {
      compileRetry(options.retry, defaults.retry);
    } catch (error) {
      const [, path = 'retry', message = ''] = /^([^:]*): (.*)$/s.exec((error as Error).message) ?? [];
      issue(path, message);
    }
  }
  return issues;
}

/** Whether it is one that a task can have. */
export function isTime(value: unknown): value is Date {
  if (!(value instanceof Date)) return false;
  const ms = value.getTime();
  return ms >= 0 && ms <= LATEST_TIME;
}

type Tell = (path: string, message: string) => undefined;

function checkTimes(
  { delay, eta, expires }: TaskSubmitOptions,
  now: number,
  defaults: SubmitDefaults,
  issue: Tell,
): void {
  if (delay !== undefined && eta !== undefined) return issue('eta', 'give either eta or delay, not both');
  if (eta !== undefined && !isTime(eta)) return issue('eta', TIME_RULE);
  const start = eta === undefined ? now + (msOf('delay', delay, issue) ?? 0) : Math.max(now, eta.getTime());
  if (start > LATEST_TIME) return issue('delay', 'is beyond the year 9999');
  if (expires instanceof Date && !isTime(expires)) return issue('expires', TIME_RULE);
  const afterMs = expires instanceof Date ? expires.getTime() - now : msOf('expires', expires, issue);
  if (afterMs === undefined) {
    if (expires !== undefined || defaults.expiresMs === undefined || now + defaults.expiresMs > start) return;
    const seconds = defaults.expiresMs / 1000;
    return issue('expires', `is ${seconds} s by contract, which is not after its start; give a later one`);
  }
  if (now + afterMs > LATEST_TIME) issue('expires', 'is beyond the year 9999');
  else if (afterMs <= 0) issue('expires', 'is over already: it would never run');
  else if (now + afterMs <= start) issue('expires', 'is not after its start: it would expire before it may run');
}

function checkLimits(options: TaskSubmitOptions, defaults: SubmitDefaults, issue: Tell): void {
  const { timeLimit, softTimeLimit } = options;
  if (timeLimit === undefined && softTimeLimit === undefined) return;
  const given = {
    timeLimit: msOf('timeLimit', timeLimit, issue),
    softTimeLimit: msOf('softTimeLimit', softTimeLimit, issue),
  };
  for (const [path, ms] of Object.entries(given)) if (ms === 0) issue(path, 'must be longer than zero');
  const { timeLimit: hard = defaults.timeLimitMs, softTimeLimit: soft = defaults.softTimeLimitMs } = given;
  if (hard === undefined || soft === undefined || soft < hard) return;
  if (softTimeLimit !== undefined && timeLimit !== undefined) issue('softTimeLimit', SOFT_LIMIT_RULE);
  else if (softTimeLimit !== undefined)
    issue('softTimeLimit', `${SOFT_LIMIT_RULE}; by contract that is ${hard / 1000} s`);
  else issue('timeLimit', `must be longer than softTimeLimit, which is ${soft / 1000} s by contract`);
}

/** Undefined: it is absent or invalid. */
function msOf(path: string, given: Duration | undefined, issue: Tell): number | undefined {
  if (given === undefined) return undefined;
  try {
    return durationMs(given);
  } catch (error) {
    return issue(path, (error as Error).message);
  }
}
