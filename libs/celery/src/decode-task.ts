import { bodyText, parseBody } from './body.ts';
import { PLAIN_EMBED } from './encode-task.ts';
import { extraHeaders, FACTS, ROW, TURN } from './headers.ts';
import { plain } from './plain-json.ts';
import { Malformed, type RejectCode } from './reject-codes.ts';
import * as field from './task-fields.ts';
import type { IncomingTask, WireMessage } from './task-message.ts';

/** A task, or why the message is none. `id` and `name` are given as far as they could be read. */
export type DecodedTask =
  { ok: true; task: IncomingTask } | { ok: false; code: RejectCode; reason: string; id?: string; name?: string };

const OWN_START = '[[],';
const OWN_END = `,${PLAIN_EMBED}]`;

interface Seen {
  id?: string;
  name?: string;
}

/** Reads a Celery task message, protocol 2 or 1, from whoever sent it. Never throws, whatever the bytes and headers. */
export function decodeTask(message: WireMessage): DecodedTask {
  const seen: Seen = {};
  try {
    return { ok: true, task: read(message, seen) };
  } catch (error) {
    const code = error instanceof Malformed ? error.code : 'message_unreadable';
    return { ok: false, code, reason: error instanceof Error ? error.message : 'unreadable', ...seen };
  }
}

function read(message: WireMessage, seen: Seen): IncomingTask {
  const { headers } = message;
  const version2 = headers['task'] !== undefined && headers['task'] !== null;
  if (version2) {
    // Both before anything that may fail, so that a failure can be told to whom it concerns.
    seen.name = field.nameOf(headers['task']);
    seen.id = field.idOf(headers['id']);
  }
  const text = bodyText(message);
  // We write plain JSON only: an object of ours with these two keys is data, not an envelope.
  const body = plain(parseBody(text), headers['lang'] !== 'js');
  return version2 ? protocol2(message, text, body) : protocol1(message, body, seen);
}

function protocol2(message: WireMessage, text: string, body: unknown): IncomingTask {
  const { headers } = message;
  if (!Array.isArray(body)) throw new Malformed('body_not_array', 'the body is not an array [args, kwargs, embed]');
  if (body.length !== 3)
    throw new Malformed('body_arity_invalid', `the body has ${body.length} elements; it must be [args, kwargs, embed]`);
  const args = field.argsOf(body[0]);
  const kwargs = field.kwargsOf(body[1]);
  const own = args.length === 0 && headers['lang'] === 'js' && text.startsWith(OWN_START) && text.endsWith(OWN_END);
  return {
    ...common(message, headers['id'] as string, headers),
    name: headers['task'] as string,
    args,
    kwargs,
    inputJson: own ? text.slice(OWN_START.length, -OWN_END.length) : null,
    embed: field.embedOf(body[2]),
    rootId: field.textOrNull(headers['root_id']),
    parentId: field.textOrNull(headers['parent_id']),
    ignoreResult: headers['ignore_result'] === true,
    shadow: field.textOrNull(headers['shadow']),
    group: field.textOrNull(headers['group']),
    groupIndex: field.indexOrNull(headers['group_index']),
  };
}

/** Everything in the body, nothing in headers: what `task_protocol = 1` producers send. */
function protocol1(message: WireMessage, body: unknown, seen: Seen): IncomingTask {
  const fields = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
  const old = fields as Record<string, unknown>;
  if (!Object.hasOwn(old, 'task'))
    throw new Malformed('task_missing', 'the message names no task: no header "task", and none in the body');
  const name = (seen.name = field.nameOf(old['task']));
  const id = (seen.id = field.idOf(old['id']));
  return {
    ...common(message, id, old),
    name,
    args: field.argsOf(old['args'] ?? []),
    kwargs: field.kwargsOf(old['kwargs'] ?? {}),
    inputJson: null,
    embed: field.embedOf(old),
    rootId: null,
    parentId: null,
    ignoreResult: false,
    shadow: null,
    group: field.textOrNull(old['taskset']),
    groupIndex: null,
  };
}

/** What is read alike in both versions. `source` holds the protocol's fields: the headers, or the body of version 1. */
function common(message: WireMessage, id: string, source: Readonly<Record<string, unknown>>) {
  const { headers } = message;
  return {
    id,
    retries: field.retriesOf(source['retries']),
    eta: field.timeOf('eta_invalid', source['eta']),
    expiresAt: field.timeOf('expires_invalid', source['expires']),
    timeLimit: field.timeLimitOf(source['timelimit']),
    turn: field.turnOf(headers[TURN]),
    hasRow: headers[ROW] === 1 || headers[ROW] === true,
    facts: field.factsOf(headers[FACTS]),
    replyTo: message.replyTo || undefined,
    correlationId: message.correlationId || id,
    extraHeaders: extraHeaders(headers),
    origin: typeof headers['origin'] === 'string' ? headers['origin'] : undefined,
  };
}
