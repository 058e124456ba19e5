import { mayChangeNumbers, parseExactJson, pathOf } from '@lovage/foundation';
import { bodyText, parseBody } from './body.ts';
import { PLAIN_EMBED } from './encode-task.ts';
import { extraHeaders, FORMER_NEW_TASK, generationIn, INPUT, LANG, NEW_TASK, ROW } from './headers.ts';
import { plain, type PlainOptions } from './plain-json.ts';
import { MalformedError, type RejectCode } from './reject-codes.ts';
import * as field from './task-fields.ts';
import type { IncomingTask, TaskEmbed, WireMessage } from './task-message.ts';

/** A task, or why the message is no task. `id` and `name` are given as far as they could be read. */
export type DecodedTask =
  { ok: true; task: IncomingTask } | { ok: false; code: RejectCode; reason: string; id?: string; name?: string };

const OURS: PlainOptions = { typed: false, forbidden: 'refuse' };
const FOREIGN: PlainOptions = { typed: true, forbidden: 'refuse' };
const OWN_START = '[[],';
const OWN_END = `,${PLAIN_EMBED}]`;

/** What most messages have none of, once for all of them. */
const NO_ARGS = Object.freeze([]) as unknown as unknown[];
const NO_CANVAS = Object.freeze([]) as readonly string[];
const CANVAS_OF_PROTOCOL_1 = ['callbacks', 'errbacks', 'chain', 'chord'];
const NO_KWARGS: Record<string, unknown> = Object.freeze({});
const NO_EMBED: TaskEmbed = Object.freeze({ callbacks: null, errbacks: null, chain: null, chord: null });

interface Seen {
  id?: string;
  name?: string;
}

/** Reads a Celery task message, protocol 2 or 1, from any sender. Never throws, whatever the bytes and headers. */
export function decodeTask(message: WireMessage): DecodedTask {
  const seen: Seen = {};
  try {
    return { ok: true, task: read(message, seen) };
  } catch (error) {
    const code = error instanceof MalformedError ? error.code : 'message_unreadable';
    return { ok: false, code, reason: error instanceof Error ? error.message : 'unreadable', ...seen };
  }
}

function read(message: WireMessage, seen: Seen): IncomingTask {
  const { headers } = message;
  const version2 = headers['task'] !== undefined && headers['task'] !== null;
  if (version2) {
    // Both before anything that may fail, so that a failure can be told to the sender.
    if (field.isName(headers['id'])) seen.id = headers['id'];
    seen.name = field.nameOf(headers['task']);
    seen.id = field.idOf(headers['id']);
  }
  const text = bodyText(message);
  const ours = headers['lang'] === 'js';
  if (version2 && ours && text.startsWith(OWN_START) && text.endsWith(OWN_END)) {
    const task = ownTask(message, text.slice(OWN_START.length, -OWN_END.length));
    if (task) return task;
  }
  // We write plain JSON only: an object of ours with these two keys is data, not an envelope.
  const body = plain(parseBody(text), ours ? OURS : FOREIGN);
  const task = version2 ? protocol2(message, body) : protocol1(message, body, seen);
  task.holdsBigints = hasBigints(text, body);
  return task;
}

/** A message as we write it, whose body is but its input: nothing around that has to be read. Undefined when it is another message after all. */
function ownTask(message: WireMessage, inputJson: string): IncomingTask | undefined {
  let input: unknown;
  try {
    input = parseExactJson(inputJson);
  } catch {
    return undefined;
  }
  const task = headersOf(message);
  task.kwargs = field.kwargsOf(plain(input, OURS, 1));
  // Then its text is made anew, by who knows where a bigint may stand.
  if (hasBigints(inputJson, input)) return undefined;
  task.inputJson = inputJson;
  return task;
}

function protocol2(message: WireMessage, body: unknown): IncomingTask {
  if (!Array.isArray(body))
    throw new MalformedError('body_not_array', 'the body is not an array [args, kwargs, embed]');
  if (body.length !== 3)
    throw new MalformedError(
      'body_arity_invalid',
      `the body has ${body.length} elements; it must be [args, kwargs, embed]`,
    );
  const task = headersOf(message);
  task.args = field.argsOf(body[0]);
  task.kwargs = field.kwargsOf(body[1]);
  task.embed = field.embedOf(body[2]);
  task.canvas = field.canvasOf(body[2]);
  return task;
}

/** Everything of a message of version 2 but its body. */
function headersOf(message: WireMessage): IncomingTask {
  const { headers } = message;
  const task = common(message, headers['id'] as string, headers['task'] as string, headers);
  task.rootId = field.textOrNull(headers['root_id']);
  task.parentId = field.textOrNull(headers['parent_id']);
  task.ignoreResult = headers['ignore_result'] === true;
  task.shadow = field.textOrNull(headers['shadow']);
  task.group = field.textOrNull(headers['group']);
  task.groupIndex = field.indexOrNull(headers['group_index']);
  return task;
}

/** Everything in the body, nothing in headers: what `task_protocol = 1` producers send. */
function protocol1(message: WireMessage, body: unknown, seen: Seen): IncomingTask {
  const fields = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
  const old = fields as Record<string, unknown>;
  if (!Object.hasOwn(old, 'task'))
    throw new MalformedError('task_missing', 'the message names no task: no header "task", and none in the body');
  if (field.isName(old['id'])) seen.id = old['id'];
  seen.name = field.nameOf(old['task']);
  seen.id = field.idOf(old['id']);
  const task = common(message, seen.id, seen.name, old);
  task.args = field.argsOf(old['args'] ?? []);
  task.kwargs = field.kwargsOf(old['kwargs'] ?? {});
  task.embed = field.embedOf(old);
  task.canvas = field.canvasOf(old, CANVAS_OF_PROTOCOL_1);
  task.group = field.textOrNull(old['taskset']);
  return task;
}

/**
 * What is read alike in both versions, the rest still empty. `source` holds the protocol's fields: the headers, or the
 * body of version 1. One literal with every field: put together by spreading, the object costs ten times the parsing.
 */
function common(
  message: WireMessage,
  id: string,
  name: string,
  source: Readonly<Record<string, unknown>>,
): IncomingTask {
  const { headers } = message;
  const generation = generationIn(headers);
  const newTask = field.newTaskDataOf(headers[NEW_TASK] ?? headers[FORMER_NEW_TASK]);
  return {
    id,
    name,
    args: NO_ARGS,
    kwargs: NO_KWARGS,
    inputJson: null,
    embed: NO_EMBED,
    canvas: NO_CANVAS,
    holdsBigints: false,
    rootId: null,
    parentId: null,
    retries: field.retriesOf(source['retries']),
    eta: field.timeOf('eta_invalid', source['eta']),
    expiresAt: field.timeOf('expires_invalid', source['expires']),
    timeLimit: field.timeLimitOf(source['timelimit']),
    generation: field.generationOf(generation),
    hasRow: headers[ROW] === 1 || headers[ROW] === true,
    rowless: headers[ROW] === 0 || generation === undefined || generation === null,
    stamp: field.stampOf(headers[INPUT], newTask),
    newTask,
    ignoreResult: false,
    replyTo: message.replyTo || undefined,
    correlationId: message.correlationId || id,
    extraHeaders: extraHeaders(headers),
    lang: field.textOrNull(headers[LANG] ?? headers['lang']) ?? '',
    origin: typeof headers['origin'] === 'string' ? headers['origin'] : undefined,
    shadow: null,
    group: null,
    groupIndex: null,
  };
}

function hasBigints(json: string, value: unknown): boolean {
  return mayChangeNumbers(json) && pathOf(value, (one) => typeof one === 'bigint') !== undefined;
}
