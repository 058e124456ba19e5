import { isUuid } from '@lovage/foundation';
import { isTag, MAX_TAGS, type FollowUp, type TaskExtra } from '@lovage/task';
import { MAX_MS, MIN_MS, parseIsoTime } from './iso-time.ts';
import { plain } from './plain-json.ts';
import { MalformedError, type RejectCode } from './reject-codes.ts';
import type { TaskEmbed, NewTaskData } from './task-message.ts';

// Each reads one field of a task message and throws `MalformedError` when it cannot be what the protocol says.

/** Longest id or name: that of an AMQP short string. */
const MAX_TEXT = 255;
/** Half of what a column holds, so that one more always fits. */
const MAX_COUNT = 2 ** 30;

export function nameOf(value: unknown): string {
  if (!isName(value))
    throw new MalformedError('task_invalid', `the task's name is not a text of 1 to ${MAX_TEXT} characters`);
  return value;
}

export function idOf(value: unknown): string {
  if (value === undefined || value === null) throw new MalformedError('id_missing', 'the message has no task id');
  if (!isName(value))
    throw new MalformedError('id_invalid', `the task's id is not a text of 1 to ${MAX_TEXT} characters`);
  return value;
}

/** NUL is refused as Postgres cannot keep it. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT && !value.includes('\0');
}

export function argsOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new MalformedError('args_invalid', 'args is not an array');
  return value;
}

export function kwargsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedError('kwargs_invalid', 'kwargs is not an object');
  return value as Record<string, unknown>;
}

/** Null and missing keys are as good as an embed without canvas. */
export function embedOf(value: unknown): TaskEmbed {
  if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
    throw new MalformedError('embed_invalid', 'the third element of the body is neither an object nor null');
  const given = (value ?? {}) as Record<string, unknown>;
  return {
    callbacks: listOrNull('callbacks', given['callbacks']),
    errbacks: listOrNull('errbacks', given['errbacks']),
    chain: listOrNull('chain', given['chain']),
    chord: given['chord'] ?? null,
  };
}

/** Names of what is not empty. A part that is not known here counts as well: its sender expects something of it. */
export function canvasOf(embed: unknown, keys = Object.keys((embed ?? {}) as object)): readonly string[] {
  const given = (embed ?? {}) as Record<string, unknown>;
  return keys.filter((key) => !isEmpty(given[key]));
}

function isEmpty(value: unknown): boolean {
  return !value || (typeof value === 'object' && Object.keys(value).length === 0);
}

function listOrNull(key: string, value: unknown): unknown[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw new MalformedError('embed_invalid', `${key} is neither an array nor null`);
  return value;
}

export function timeOf(code: RejectCode & ('eta_invalid' | 'expires_invalid'), value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const ms = typeof value === 'string' ? parseIsoTime(value) : undefined;
  if (ms === undefined) throw new MalformedError(code, `${code.split('_')[0]} is not an ISO 8601 time`);
  return ms;
}

export function timeLimitOf(value: unknown): [number | null, number | null] {
  if (value === undefined || value === null) return [null, null];
  if (!Array.isArray(value) || value.length !== 2)
    throw new MalformedError('timelimit_invalid', 'timelimit is not [hard, soft]');
  return [secondsOrNull(value[0]), secondsOrNull(value[1])];
}

/** Zero means no limit, as for Celery. */
function secondsOrNull(value: unknown): number | null {
  if (value === undefined || value === null || value === 0) return null;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw new MalformedError('timelimit_invalid', 'a time limit is neither a number of seconds nor null');
  return value;
}

export function retriesOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (!isCount(value)) throw new MalformedError('retries_invalid', 'retries is not a whole number from 0');
  return value;
}

/** -1 when absent. */
export function generationOf(value: unknown): number {
  if (value === undefined || value === null) return -1;
  if (!isCount(value))
    throw new MalformedError('generation_invalid', 'x-lovage-generation is not a whole number from 0');
  return value;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT;
}

/** `version:fingerprint`. An invalid one is as good as absent: the input is then checked as one of which nobody said anything. */
const STAMP = /^[1-9]\d{0,9}:(?:[0-9a-f]{16})?$/;

export function stampOf(value: unknown, newTask: NewTaskData | undefined): string | null {
  if (typeof value === 'string' && STAMP.test(value)) return value;
  return newTask?.version === undefined ? null : `${newTask.version}:`;
}

export function newTaskDataOf(value: unknown): NewTaskData | undefined {
  if (value === undefined || value === null) return undefined;
  const refuse = (reason: string) => new MalformedError('new_task_invalid', `x-lovage-task: ${reason}`);
  if (typeof value !== 'string' || value.length > 10_000) throw refuse('not a text of reasonable length');
  let given: unknown;
  try {
    given = plain(JSON.parse(value), { typed: false, forbidden: 'refuse' });
  } catch {
    throw refuse('not JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw refuse('not an object');
  const { userId, expiresAt, version, retriedFrom, retry, extra } = given as Record<string, unknown>;
  const newTask: NewTaskData = {};
  if (userId !== undefined) newTask.userId = uuid('userId', userId);
  if (retriedFrom !== undefined) newTask.retriedFrom = uuid('retriedFrom', retriedFrom);
  if (expiresAt !== undefined) {
    if (typeof expiresAt !== 'number' || !(expiresAt >= MIN_MS && expiresAt <= MAX_MS))
      throw refuse('expiresAt is no time');
    newTask.expiresAt = expiresAt;
  }
  if (version !== undefined) {
    if (!isCount(version)) throw refuse('version is no whole number');
    newTask.version = version;
  }
  if (retry !== undefined) {
    if (typeof retry !== 'object' || retry === null || Array.isArray(retry)) throw refuse('retry is no object');
    newTask.retry = retry as Record<string, unknown>;
  }
  if (extra !== undefined) newTask.extra = extraOf(extra, refuse);
  return newTask;

  function uuid(key: string, text: unknown): string {
    if (typeof text !== 'string' || !isUuid(text)) throw refuse(`${key} is no UUID`);
    return text;
  }
}

/** For fields that only monitors and workflows read: a value that does not fit counts as absent. */
export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= 1000 && !value.includes('\0') ? value : null;
}

export function indexOrNull(value: unknown): number | null {
  return isCount(value) ? value : null;
}

/** What this release does not know is left out, so that a newer one may say more. */
function extraOf(value: unknown, refuse: (reason: string) => MalformedError): TaskExtra {
  if (!isObject(value)) throw refuse('extra is no object');
  const { tags, scheduledFor, onEnd } = value;
  if (tags !== undefined && !(Array.isArray(tags) && tags.length <= MAX_TAGS && tags.every(isTag)))
    throw refuse('extra.tags is no list of tags');
  if (scheduledFor !== undefined && !isTime(scheduledFor)) throw refuse('extra.scheduledFor is no time');
  if (onEnd !== undefined && !isObject(onEnd)) throw refuse('extra.onEnd is no object');
  const followUp = (key: 'success' | 'failure'): FollowUp | undefined => {
    const given = onEnd?.[key];
    if (given === undefined || isFollowUp(given)) return given;
    throw refuse(`extra.onEnd.${key} is no task to submit`);
  };
  const [success, failure] = [followUp('success'), followUp('failure')];
  return {
    ...(tags !== undefined && { tags: [...new Set(tags as string[])] }),
    ...(scheduledFor !== undefined && { scheduledFor }),
    ...((success ?? failure) && { onEnd: { ...(success && { success }), ...(failure && { failure }) } }),
  };
}

function isFollowUp(value: unknown): value is FollowUp {
  if (!isObject(value)) return false;
  const { name, queue, stamp, priority, expiresMs } = value;
  return (
    isName(name) &&
    isName(queue) &&
    typeof stamp === 'string' &&
    STAMP.test(stamp) &&
    (priority === undefined ||
      (Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) <= 9)) &&
    (expiresMs === undefined || (typeof expiresMs === 'number' && expiresMs > 0 && expiresMs <= MAX_MS))
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= MIN_MS && value <= MAX_MS;
