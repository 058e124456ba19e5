import { plain } from './plain-json.ts';

/** Largest message that is read, bytes: Celery's workers put a hundred events or so into one. */
const MAX_BYTES = 1024 ** 2;
/** Events of one message that are read. */
const MAX_EVENTS = 1000;
const MAX_NAME = 255;

/** An event of Celery's, as far as its envelope goes: `type`, and who sent it. What else it holds is to be checked by its reader. */
export interface CeleryEvent {
  /** Such as `task-received`. */
  readonly type: string;
  /** Name of the node. */
  readonly hostname: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads a message of the exchange `celeryev`: one event, or a list of them. Anything else is left out. Never throws. */
export function decodeEvents(message: {
  readonly body: Buffer;
  readonly contentType: string | undefined;
}): CeleryEvent[] {
  const { body, contentType } = message;
  if (contentType !== 'application/json' || body.length > MAX_BYTES) return [];
  let given: unknown;
  try {
    given = plain(JSON.parse(body.toString('utf8')), { typed: true, forbidden: 'drop' });
  } catch {
    return [];
  }
  return (Array.isArray(given) ? (given as unknown[]) : [given]).slice(0, MAX_EVENTS).flatMap((event) => {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return [];
    const fields = event as Record<string, unknown>;
    const { type, hostname } = fields;
    return isName(type) && isName(hostname) ? [{ type, hostname, fields }] : [];
  });
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_NAME && !/\p{Cc}|\p{Cs}/u.test(value);
