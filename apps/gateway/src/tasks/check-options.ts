import { durationMs } from '@lovage/foundation';
import type { SubmitOptionsBody } from '@lovage/http-api';
import { compileRetry, type CompiledTaskOptions, type Issue } from '@lovage/task';
import { ProblemError } from '../problems/problem-error.ts';

/** How far a caller's clock may be behind ours: an eta not older than this means now, ms. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Refuses options that fit their schema and yet cannot be meant: times gone by, an expiry before the start, a soft limit
 * that never comes.
 * @param defaults what the options leave out is as they say: the contract's.
 * @throws ProblemError `options_invalid`
 */
export function checkOptions(defaults: CompiledTaskOptions, options: SubmitOptionsBody, now: number): void {
  const errors = [
    ...wrongTimes(defaults, options, now),
    ...wrongLimits(defaults, options),
    ...wrongRetry(defaults, options),
  ];
  if (errors.length === 0) return;
  throw new ProblemError('options_invalid', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), {
    errors,
  });
}

function* wrongTimes(defaults: CompiledTaskOptions, options: SubmitOptionsBody, now: number): Generator<Issue> {
  const { delay, eta, expires } = options;
  if (delay !== undefined && eta !== undefined)
    return yield { path: 'options.eta', message: 'give either eta or delay, not both' };
  if (eta && eta.getTime() < now - CLOCK_SKEW_MS) yield { path: 'options.eta', message: 'is in the past' };
  const due = now + (delay !== undefined ? durationMs(delay) : eta ? Math.max(0, eta.getTime() - now) : 0);
  if (expires instanceof Date && expires.getTime() <= now)
    return yield { path: 'options.expires', message: 'is in the past' };
  const expiry = expires === undefined ? defaults.expiresMs : msFrom(now, expires);
  if (expiry === undefined || now + expiry > due) return;
  yield {
    path: 'options.expires',
    message:
      expires === undefined
        ? `is ${expiry / 1000} s by contract, which is not after its start; give a later one`
        : 'is not after its start: it would expire before it may run',
  };
}

function* wrongLimits(defaults: CompiledTaskOptions, options: SubmitOptionsBody): Generator<Issue> {
  if (options.timeLimit === undefined && options.softTimeLimit === undefined) return;
  const hard = options.timeLimit === undefined ? defaults.timeLimitMs : durationMs(options.timeLimit);
  const soft = options.softTimeLimit === undefined ? defaults.softTimeLimitMs : durationMs(options.softTimeLimit);
  if (hard === undefined || soft === undefined || soft < hard) return;
  yield {
    path: options.softTimeLimit === undefined ? 'options.timeLimit' : 'options.softTimeLimit',
    message: `softTimeLimit (${soft / 1000} s) must be shorter than timeLimit (${hard / 1000} s), or the handler gets no time to tidy up`,
  };
}

function* wrongRetry(defaults: CompiledTaskOptions, { retry }: SubmitOptionsBody): Generator<Issue> {
  if (retry === undefined) return;
  try {
    compileRetry(retry, defaults.retry);
  } catch (error) {
    const [path, ...message] = (error as Error).message.split(': ');
    yield { path: `options.${path}`, message: message.join(': ') };
  }
}

const msFrom = (now: number, expires: NonNullable<SubmitOptionsBody['expires']>): number =>
  expires instanceof Date ? expires.getTime() - now : durationMs(expires);
