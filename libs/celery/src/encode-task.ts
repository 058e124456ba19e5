import { hostname } from 'node:os';
import { FORMER_GENERATION, FORMER_NEW_TASK, forwardableHeaders, INPUT, LANG, NEW_TASK, ROW } from './headers.ts';
import { isoTime } from './iso-time.ts';
import type { EncodedMessage, OutgoingTask } from './task-message.ts';

/** How a body of ours ends when nothing follows the task. The decoder knows our bodies by it. */
export const PLAIN_EMBED = '{"callbacks":null,"errbacks":null,"chain":null,"chord":null}';

/** Longest argument text in headers. Celery cuts at 1024; it is for people only, and is sent with every message. */
const REPR_LENGTH = 256;

const ORIGIN = `gen${process.pid}@${hostname()}`;

/**
 * A task as a Celery message of protocol 2.
 * @throws TypeError when `inputJson` is no object's text; RangeError when a time is outside of the years 1 to 9999.
 *   Such a message would end the Python worker that receives it.
 */
export function encodeTask(task: OutgoingTask): EncodedMessage {
  const { inputJson } = task;
  const embed = task.embed ? embedJson(task.embed) : PLAIN_EMBED;
  let body: string;
  let argsrepr = '()';
  let kwargsrepr: string;
  if (inputJson !== null) {
    if (inputJson.charCodeAt(0) !== 0x7b || inputJson.charCodeAt(inputJson.length - 1) !== 0x7d)
      throw new TypeError(`inputJson of ${task.name} is not the JSON text of an object`);
    body = `[[],${inputJson},${embed}]`;
    kwargsrepr = short(inputJson);
  } else {
    const args = JSON.stringify(task.args ?? []);
    const kwargs = JSON.stringify(task.kwargs ?? {});
    body = `[${args},${kwargs},${embed}]`;
    argsrepr = short(args);
    kwargsrepr = short(kwargs);
  }
  const headers: Record<string, unknown> = {
    lang: 'js',
    task: task.name,
    id: task.id,
    shadow: task.shadow ?? null,
    eta: task.eta == null ? null : isoTime(task.eta),
    expires: task.expiresAt == null ? null : isoTime(task.expiresAt),
    group: task.group ?? null,
    group_index: task.groupIndex ?? null,
    retries: task.retries,
    timelimit: task.timeLimit ? [task.timeLimit[0], task.timeLimit[1]] : [null, null],
    root_id: task.rootId,
    parent_id: task.parentId,
    argsrepr,
    kwargsrepr,
    origin: ORIGIN,
    ignore_result: task.ignoreResult ?? false,
    // Not the new name yet: a worker up to 0.1 would carry it along as a header of somebody else, unchanged, to the next message.
    [FORMER_GENERATION]: task.generation,
  };
  if (task.lang !== undefined) headers[LANG] = task.lang;
  if (task.hasRow) headers[ROW] = 1;
  else if (task.rowless) headers[ROW] = 0;
  if (task.stamp) headers[INPUT] = task.stamp;
  if (task.newTask) headers[FORMER_NEW_TASK] = JSON.stringify(task.newTask);
  const message: EncodedMessage = {
    body: Buffer.from(body, 'utf8'),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: task.headers ? withExtra(task.headers, headers) : headers,
    correlationId: task.id,
  };
  if (task.replyTo) message.replyTo = task.replyTo;
  return message;
}

function withExtra(extra: Readonly<Record<string, unknown>>, own: Record<string, unknown>): Record<string, unknown> {
  const kept = forwardableHeaders(extra);
  // The body is never compressed; a header that says so would make it unreadable. Row and new-task data are ours alone to state.
  for (const key of ['compression', ROW, NEW_TASK, FORMER_NEW_TASK, INPUT, LANG]) delete kept[key];
  return Object.assign(kept, own);
}

function embedJson(embed: NonNullable<OutgoingTask['embed']>): string {
  return JSON.stringify({
    callbacks: embed.callbacks ?? null,
    errbacks: embed.errbacks ?? null,
    chain: embed.chain ?? null,
    chord: embed.chord ?? null,
  });
}

function short(json: string): string {
  if (json.length <= REPR_LENGTH) return json;
  const last = json.charCodeAt(REPR_LENGTH - 1);
  return `${json.slice(0, last >= 0xd800 && last <= 0xdbff ? REPR_LENGTH - 1 : REPR_LENGTH)}...`;
}
