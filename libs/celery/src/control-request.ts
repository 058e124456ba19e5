import { clockOf, REPLY_EXCHANGE } from './control.ts';
import { plain } from './plain-json.ts';

/** Largest answer that is read, bytes. */
const MAX_BYTES = 2 * 1024 ** 2;

/** A request to nodes. */
export interface OutgoingControl {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Names of nodes; undefined: all. */
  readonly destination: readonly string[] | undefined;
  /** Comes back with the answers. Without one nobody answers. */
  readonly ticket: string | undefined;
  /** Where the answers go. */
  readonly address: string;
  readonly clock: number;
  /** ms since the epoch: later a node need not act any more. */
  readonly expiresAt: number;
}

/** A request as Celery's clients send it. */
export function encodeControlRequest(request: OutgoingControl): {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
} {
  const { method, args, destination, ticket, address, clock, expiresAt } = request;
  const answered = { ticket, reply_to: { exchange: REPLY_EXCHANGE, routing_key: address } };
  const body = {
    ...{ method, arguments: args, destination: destination ?? null, pattern: null, matcher: null },
    ...(ticket !== undefined && answered),
  };
  return { body: Buffer.from(JSON.stringify(body)), headers: { clock, expires: expiresAt / 1000 } };
}

/** What a node has answered. Anyone who may publish to the broker can send one. */
export interface ControlReply {
  readonly ticket: string;
  readonly clock: number | undefined;
  readonly node: string;
  readonly value: unknown;
}

interface ReplyWire {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType: string | undefined;
}

/** Undefined: it is no answer that can be read. Never throws. */
export function decodeControlReply({ body, headers, contentType }: ReplyWire): ControlReply | undefined {
  const { ticket } = headers;
  if (contentType !== 'application/json' || body.length > MAX_BYTES || typeof ticket !== 'string') return undefined;
  let given: unknown;
  try {
    given = plain(JSON.parse(body.toString('utf8')), { typed: true, forbidden: 'drop' });
  } catch {
    return undefined;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  const [entry, ...others] = Object.entries(given);
  if (!entry || others.length > 0 || entry[0].length > 255) return undefined;
  return { ticket, clock: clockOf(headers['clock']), node: entry[0], value: entry[1] };
}
