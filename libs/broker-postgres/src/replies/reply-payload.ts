import { isAscii } from 'node:buffer';

/** A reply as it travels in a notification. */
export type ReplyPayload =
  | { readonly correlationId: string; readonly body: Buffer }
  /** The body waits in the table of replies. */
  | { readonly correlationId: string; readonly stored: number };

/** Postgres takes payloads of less than 8000 bytes. */
const MAX_PAYLOAD = 7999;

/**
 * `<kind><correlation id, percent-encoded> <body>`: plain ASCII whatever it carries, so it passes in any database encoding.
 * Kinds: `t` body as it is, `b` in base64. `undefined`: it does not fit, the body has to be stored.
 * @throws URIError when the correlation id is no Unicode text
 */
export function writePayload(correlationId: string, body: Buffer): string | undefined {
  // Before making a text of megabytes to measure it.
  if (body.length > MAX_PAYLOAD) return undefined;
  const plain = isAscii(body) && !body.includes(0);
  const payload = `${plain ? 't' : 'b'}${encodeURIComponent(correlationId)} ${body.toString(plain ? 'latin1' : 'base64')}`;
  return payload.length > MAX_PAYLOAD ? undefined : payload;
}

/** What stands before the number of the stored body. `undefined`: the correlation id alone is too long. @throws URIError as above */
export function writeStoredPrefix(correlationId: string): string | undefined {
  const prefix = `s${encodeURIComponent(correlationId)} `;
  return prefix.length + 20 > MAX_PAYLOAD ? undefined : prefix;
}

/** `undefined`: nothing of ours. */
export function readPayload(payload: string): ReplyPayload | undefined {
  const space = payload.indexOf(' ');
  if (space < 1) return undefined;
  let correlationId: string;
  try {
    correlationId = decodeURIComponent(payload.slice(1, space));
  } catch {
    return undefined;
  }
  const rest = payload.slice(space + 1);
  switch (payload[0]) {
    case 't':
      return { correlationId, body: Buffer.from(rest, 'latin1') };
    case 'b':
      return { correlationId, body: Buffer.from(rest, 'base64') };
    case 's':
      return /^\d{1,16}$/.test(rest) ? { correlationId, stored: Number(rest) } : undefined;
    default:
      return undefined;
  }
}
