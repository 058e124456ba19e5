import { v5, v7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Namespace of every id that Lovage derives from a text. Never change it: ids derived earlier would change too. */
const NAMESPACE = '9d1c7a52-3c61-5d0b-8f0e-5a1d6c2f7b44';

// Drawn for 256 ids at a time: to ask the system for each costs five times what all the rest of an id does.
const randomPool = new Uint8Array(16 * 256);
let randomUsed = randomPool.length;
let lastMs = -Infinity;
let sequence = 0;

/** A new task id: UUIDv7 (RFC 9562), so ids sort by time of making and fill an index from one side. */
export function newId(): string {
  if (randomUsed === randomPool.length) {
    crypto.getRandomValues(randomPool);
    randomUsed = 0;
  }
  const random = randomPool.subarray(randomUsed, (randomUsed += 16));
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    // Half the range stays free for the ids of this millisecond, and of a clock that is set back.
    sequence = ((random[6]! & 0x7f) << 24) | (random[7]! << 16) | (random[8]! << 8) | random[9]!;
  } else {
    sequence = (sequence + 1) | 0;
    if (sequence === 0) lastMs += 1;
  }
  return v7({ random, msecs: lastMs, seq: sequence });
}

/** Whether the text is a UUID in the one form that Postgres prints (lower case, hyphens). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** When an id was made that begins with its time (UUIDv7), ms since the epoch by the clock of its maker; undefined: it does not tell. */
export function madeAtOf(id: string): number | undefined {
  return id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}

/** The same UUIDv5 for the same text, always. For ids that must not differ when derived twice. */
export function uuidFrom(text: string): string {
  return v5(text, NAMESPACE);
}
