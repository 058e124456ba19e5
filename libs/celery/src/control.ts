import { plain } from './plain-json.ts';
import { matchesGlob, matchesRegExp } from './node-pattern.ts';

/** The one exchange that answers go through, whatever a request names: so a request cannot make a worker publish elsewhere. */
export const REPLY_EXCHANGE = 'reply.celery.pidbox';
/** Largest request that is read, bytes. */
const MAX_BYTES = 64 * 1024;
/** Nodes that a request may name. */
const MAX_DESTINATIONS = 10_000;
/** Highest value taken from another's clock: near 2^53 ours could not count on. */
const MAX_CLOCK = 2 ** 48;

/** A request of Celery's remote control that is for this node. */
export interface ControlRequest {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Where the answer goes; undefined: nobody wants one. */
  readonly replyTo: { readonly routingKey: string; readonly ticket: unknown } | undefined;
}

/** What a message of the mailbox is: its sender's clock where it tells one, and the request where it is for this node. */
export interface IncomingControl {
  readonly clock: number | undefined;
  readonly request: ControlRequest | undefined;
}

interface ControlWire {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType: string | undefined;
}

/**
 * Reads a request as Celery's clients send it. What is no request, is too large, has expired or names other nodes has no `request`. Never throws.
 * @param node name of this node
 * @param now ms since the epoch
 */
export function decodeControl(message: ControlWire, node: string, now: number): IncomingControl {
  const clock = clockOf(message.headers['clock']);
  return { clock, request: requestOf(message, node, now) };
}

function requestOf({ body, headers, contentType }: ControlWire, node: string, now: number): ControlRequest | undefined {
  if (contentType !== 'application/json' || body.length > MAX_BYTES) return undefined;
  const { expires } = headers;
  if (typeof expires === 'number' && expires > 0 && expires * 1000 < now) return undefined;
  let given: unknown;
  try {
    given = plain(JSON.parse(body.toString('utf8')), { typed: true, forbidden: 'drop' });
  } catch {
    return undefined;
  }
  if (!isObject(given)) return undefined;
  const { method, ticket } = given;
  if (!isText(method) || !isFor(given, node)) return undefined;
  const to = given['reply_to'];
  const answered = isObject(to) && to['exchange'] === REPLY_EXCHANGE && isText(to['routing_key']);
  return {
    method,
    args: isObject(given['arguments']) ? given['arguments'] : {},
    replyTo: answered && isText(ticket) ? { routingKey: to['routing_key'] as string, ticket } : undefined,
  };
}

/** A list of destinations decides alone; else a pattern with its matcher; without either a request is for all. */
function isFor({ destination, pattern, matcher }: Record<string, unknown>, node: string): boolean {
  if (Array.isArray(destination)) return destination.length <= MAX_DESTINATIONS && destination.includes(node);
  if (!pattern || !matcher) return true;
  if (!isText(pattern)) return false;
  if (matcher === 'glob') return matchesGlob(pattern, node);
  return matcher === 'pcre' && matchesRegExp(pattern, node);
}

/** A logical time of another process; undefined: it tells none that can be used. */
export function clockOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_CLOCK ? value : undefined;
}

/** An answer, as a message for the exchange of the replies. `value` is JSON. */
export function encodeControlReply(
  node: string,
  valueJson: string,
  ticket: unknown,
  clock: number,
): { readonly body: Buffer; readonly headers: Readonly<Record<string, unknown>> } {
  return { body: Buffer.from(`{${JSON.stringify(node)}:${valueJson}}`), headers: { ticket, clock } };
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 255 && Buffer.byteLength(value) <= 255;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
