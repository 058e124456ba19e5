import { randomUUID } from 'node:crypto';
import type { MessageDeath } from '@lovage/ports';

/** What a message consists of, whichever way it goes. */
export interface Content {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly priority: number | undefined;
}

export interface ReceivedEnvelope extends Content {
  readonly redelivered: boolean;
  readonly identity: string | undefined;
  readonly death: MessageDeath | undefined;
}

/** How each text of ours begins: the scripts put the flag of a redelivery behind it, where kombu looks for it. */
export const OUR_START = '{"properties":{"delivery_info":{';
/** Before the rest of a text of somebody else. */
export const FLAG_TOP = '{"redelivered":true,';
export const FLAG_OURS = '"redelivered":true,';

/** Longest text taken from properties, UTF-16 units. */
const MAX_TEXT = 255;

/**
 * A message as the JSON text that kombu reads.
 * @throws TypeError for headers that JSON cannot say.
 */
export function writeEnvelope(
  exchange: string,
  routingKey: string,
  content: Partial<Omit<Content, 'body'>> & { readonly body: Buffer },
): string {
  const { contentType, contentEncoding, headers = {}, correlationId, replyTo, priority } = content;
  const properties = {
    delivery_info: { exchange, routing_key: routingKey },
    ...(correlationId !== undefined && { correlation_id: correlationId }),
    ...(replyTo !== undefined && { reply_to: replyTo }),
    ...(priority !== undefined && { priority }),
    delivery_mode: 2,
    delivery_tag: randomUUID(),
    body_encoding: 'base64',
  };
  const rest = JSON.stringify({
    properties,
    'content-type': contentType,
    'content-encoding': contentEncoding,
    headers,
  });
  // Base64 needs no escapes: the body, which may be large, is not read once more for them.
  return `${rest.slice(0, -1)},"body":"${content.body.toString('base64')}"}`;
}

/**
 * Reads a text that anybody may have put into a list. What is no envelope is a message of its own bytes without a content type, which
 * a worker refuses: it goes to the dead letters and holds nobody up.
 */
export function readEnvelope(raw: string): ReceivedEnvelope {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return foreign(raw);
  }
  if (!isRecord(value)) return foreign(raw);
  const properties = recordOf(value['properties']);
  const info = recordOf(properties['delivery_info']);
  const body = bodyOf(value['body'], properties['body_encoding']);
  if (!body) return foreign(raw);
  const priority = properties['priority'];
  return {
    body,
    contentType: textOf(value['content-type']),
    contentEncoding: textOf(value['content-encoding']),
    headers: recordOf(value['headers']),
    correlationId: textOf(properties['correlation_id']),
    replyTo: textOf(properties['reply_to']) || undefined,
    priority: Number.isInteger(priority) ? (priority as number) : undefined,
    redelivered: value['redelivered'] === true || info['redelivered'] === true,
    identity: textOf(properties['delivery_tag']),
    death: deathOf(value['lovage_death']),
  };
}

function foreign(raw: string): ReceivedEnvelope {
  return {
    body: Buffer.from(raw),
    contentType: undefined,
    contentEncoding: undefined,
    headers: {},
    correlationId: undefined,
    replyTo: undefined,
    priority: undefined,
    redelivered: raw.startsWith(FLAG_TOP),
    identity: undefined,
    death: undefined,
  };
}

function bodyOf(body: unknown, encoding: unknown): Buffer | undefined {
  if (typeof body === 'string') return Buffer.from(body, encoding === 'base64' ? 'base64' : 'utf8');
  return undefined;
}

function deathOf(value: unknown): MessageDeath | undefined {
  if (!isRecord(value)) return undefined;
  const { queue, reason, at, count } = value;
  const queueText = textOf(queue);
  if (queueText === undefined) return undefined;
  return {
    queue: queueText,
    reason: textOf(reason) ?? 'unknown',
    at: Number.isSafeInteger(at) ? (at as number) : null,
    count: Number.isSafeInteger(count) && (count as number) > 0 ? (count as number) : 1,
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const recordOf = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= MAX_TEXT && !value.includes('\0') ? value : undefined;
