import { parseIsoTime, taskIdOf, wireIdOf, type CanvasTask, type SignatureOptions } from '@lovage/celery';
import { blankTask, type StoredMessage, type SubmittedWith } from '@lovage/ports';
import type { CanvasPlace } from './canvas-queues.ts';

/** ms; Postgres keeps no time much further away, and nobody means it. */
const LONGEST_WAIT_MS = 3650 * 24 * 3_600_000;
/** What the Celery stamps of a task are kept under, as Celery ≥ 5.3 sends them. */
const CELERY_STAMPS = ['stamped_headers', 'stamps'] as const;

/** The row and the message of a task that a canvas sends. @param inherited headers of the task that it follows */
export function rowOfTask(
  task: CanvasTask,
  { queue, foreign }: CanvasPlace,
  inherited: Readonly<Record<string, unknown>> | undefined,
  now: number,
): SubmittedWith {
  const { options } = task;
  const id = taskIdOf(task.id);
  const delayMs = delayOf(options, now);
  const row = blankTask({
    ...{ id, wireId: wireIdOf(task.id, id), name: task.name, queue },
    input: task.args.length === 0 ? JSON.stringify(task.kwargs) : null,
    message: JSON.stringify(messageOf(task, foreign, inherited)),
    ...{ parentId: taskIdOf(task.parentId), rootId: taskIdOf(task.rootId) },
    ...{ eta: delayMs > 0 ? now + delayMs : null, expiresAt: expiryOf(options, now) },
    priority: priorityOf(options['priority']),
  });
  return { task: row, delayMs };
}

function messageOf(
  task: CanvasTask,
  foreign: boolean,
  inherited: Readonly<Record<string, unknown>> | undefined,
): StoredMessage {
  const { args, kwargs, callbacks, errbacks, chain, chord, group, groupIndex, options } = task;
  const { reply_to: replyTo } = options;
  const timeLimit = [secondsOf(options['time_limit']), secondsOf(options['soft_time_limit'])] as const;
  const headers = headersOf(options, inherited);
  const { shadow } = options;
  return {
    ...(replyTo !== undefined && { replyTo }),
    ...(foreign && { foreign: 'celery' as const }),
    ...((timeLimit[0] ?? timeLimit[1]) !== null && { timeLimit }),
    ...(args.length > 0 && { args, kwargs }),
    ...((callbacks ?? errbacks ?? chord ?? (chain?.length ? chain : null)) && {
      embed: { callbacks, errbacks, chain, chord },
    }),
    ...(headers && { headers }),
    ...(typeof shadow === 'string' && { shadow }),
    ...(group !== null && { group }),
    ...(groupIndex !== null && { groupIndex }),
    ...(options['ignore_result'] === true && { ignoreResult: true }),
    // Its caller is a Celery program, wherever it is sent from.
    lang: 'py',
  };
}

/** Those of the signature, and the Celery stamps: of the signature, else of the task before. */
function headersOf(
  options: SignatureOptions,
  inherited: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> | undefined {
  const given = options['headers'];
  const headers: Record<string, unknown> =
    typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : {};
  for (const key of CELERY_STAMPS) if (inherited?.[key] !== undefined) headers[key] ??= inherited[key];
  const names = options['stamped_headers'];
  if (Array.isArray(names)) {
    const own = names.filter((name): name is string => typeof name === 'string' && name !== '__proto__');
    const before = (headers['stamps'] ?? {}) as Record<string, unknown>;
    headers['stamps'] = { ...before, ...Object.fromEntries(own.map((name) => [name, options[name] ?? null])) };
    const listed = Array.isArray(headers['stamped_headers']) ? (headers['stamped_headers'] as unknown[]) : [];
    headers['stamped_headers'] = [...new Set([...listed, ...own])];
  }
  return Object.keys(headers).length > 0 ? headers : undefined;
}

function delayOf({ countdown, eta }: SignatureOptions, now: number): number {
  const at = typeof eta === 'string' ? parseIsoTime(eta) : undefined;
  const ms = typeof countdown === 'number' ? countdown * 1000 : at === undefined ? 0 : at - now;
  return Math.min(LONGEST_WAIT_MS, Math.max(0, ms));
}

function expiryOf({ expires }: SignatureOptions, now: number): number | null {
  if (typeof expires === 'number' && expires >= 0) return now + Math.min(LONGEST_WAIT_MS, expires * 1000);
  return (typeof expires === 'string' ? parseIsoTime(expires) : undefined) ?? null;
}

/** Zero is no limit, as for Celery. */
function secondsOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

function priorityOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255 ? value : null;
}
