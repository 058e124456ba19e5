import { v5, v7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Namespace of every id that Lovage derives from a text. Never change it: ids derived earlier would change too. */
const NAMESPACE = '9d1c7a52-3c61-5d0b-8f0e-5a1d6c2f7b44';

/** A new task id: UUIDv7 (RFC 9562), so ids sort by time of making and fill an index from one side. */
export function newId(): string {
  return v7();
}

/** Whether the text is a UUID in the one form that Postgres prints (lower case, hyphens). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The same UUIDv5 for the same text, always. For ids that must not differ when derived twice. */
export function uuidFrom(text: string): string {
  return v5(text, NAMESPACE);
}
