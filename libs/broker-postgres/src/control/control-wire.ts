import type { ControlMessage } from '@lovage/ports';

/** Each node listens to it. */
export const CONTROL_CHANNEL = 'lovage_control';

/** A request or an answer as one text of bytes: its headers as a line of JSON, then its body, which is JSON as well. */
export function writeControl(body: Buffer, headers: Readonly<Record<string, unknown>>): Buffer {
  // JSON has no line feed outside of texts, and in them it is escaped.
  return Buffer.concat([Buffer.from(`${JSON.stringify(headers)}\n`), body]);
}

/** Undefined: nothing of ours. Anyone who may use the database can send one. */
export function readControl(bytes: Buffer): ControlMessage | undefined {
  const end = bytes.indexOf('\n');
  if (end < 0) return undefined;
  let headers: unknown;
  try {
    headers = JSON.parse(bytes.toString('utf8', 0, end));
  } catch {
    return undefined;
  }
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return undefined;
  const body = bytes.subarray(end + 1);
  return { body, headers: headers as Record<string, unknown>, contentType: 'application/json' };
}
