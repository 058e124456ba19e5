import type { MessageProperties } from './lean-publish.ts';

/** Longest message made here, bytes with its frames: up to there amqplib writes one piece, and so does this. */
const MAX_BYTES = 2047;
/** The bytes of a message in the making: as nothing in between is asynchronous, one for all. */
const scratch = Buffer.alloc(MAX_BYTES + 1);
/** Where the next byte goes. Past the end nothing is written, and the message is not made here. */
let at = 0;
/** Something stands in the message that is left to amqplib. */
let unusual = false;

const FRAME_END = 0xce;
/** Content type, content encoding, headers, delivery mode, message id: what every message of ours states. */
const ALWAYS = 0x8000 | 0x4000 | 0x2000 | 0x1000 | 0x0080;
const PRIORITY = 0x0800;
const CORRELATION_ID = 0x0400;
const REPLY_TO = 0x0200;

/**
 * The bytes of a persistent, mandatory publish to the default exchange: method, properties and body in one buffer, the same as amqplib makes.
 * Undefined where amqplib is to make it: a long message, texts beyond ASCII, and values other than Celery's plain headers have.
 *
 * amqplib calls into native code five times for each header and allocates four buffers outside of V8's heap; of the CPU of a process that
 * submits that is a fifth (docs/decisions/0311).
 */
export function publishFrame(
  channel: number,
  queue: string,
  body: Buffer,
  properties: MessageProperties,
  messageId: string,
): Buffer | undefined {
  const { contentType, contentEncoding, headers, correlationId, replyTo, priority } = properties;
  if (contentType === undefined || contentEncoding === undefined || body.length === 0) return undefined;
  at = 0;
  unusual = false;
  const method = begin(1, channel);
  int32(0x003c0028); // basic.publish
  int16(0); // ticket
  shortText(''); // exchange
  shortText(queue);
  byte(1); // mandatory
  end(method);
  const header = begin(2, channel);
  int32(0x003c0000);
  int32(0);
  int32(body.length);
  int16(
    ALWAYS |
      (priority === undefined ? 0 : PRIORITY) |
      (correlationId === undefined ? 0 : CORRELATION_ID) |
      (replyTo === undefined ? 0 : REPLY_TO),
  );
  shortText(contentType);
  shortText(contentEncoding);
  table(headers);
  byte(2); // persistent
  if (priority !== undefined) octet(priority);
  if (correlationId !== undefined) shortText(correlationId);
  if (replyTo !== undefined) shortText(replyTo);
  shortText(messageId);
  end(header);
  const length = at + body.length + 8;
  if (unusual || length > MAX_BYTES) return undefined;
  const content = begin(3, channel);
  body.copy(scratch, at);
  at += body.length;
  end(content);
  const frame = Buffer.allocUnsafe(length);
  scratch.copy(frame, 0, 0, length);
  return frame;
}

/** @returns where the frame's size goes, for {@link end}. */
function begin(type: number, channel: number): number {
  byte(type);
  int16(channel);
  at += 4;
  return at - 4;
}

function end(sizeAt: number): void {
  putInt32(sizeAt, at - sizeAt - 4);
  byte(FRAME_END);
}

function table(fields: Readonly<Record<string, unknown>>): void {
  const start = at;
  at += 4;
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (value === undefined) continue;
    shortText(key);
    field(value);
    if (unusual) return;
  }
  putInt32(start, at - start - 4);
}

function field(value: unknown): void {
  // Also what ends a list that holds itself.
  if (at > MAX_BYTES) unusual = true;
  if (unusual) return;
  if (typeof value === 'string') {
    byte(0x53); // S
    int32(value.length);
    ascii(value);
  } else if (value === null) byte(0x56);
  else if (value === true || value === false) {
    byte(0x74); // t
    byte(value ? 1 : 0);
  } else if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 128) {
    byte(0x62); // b
    byte(value);
  } else if (Array.isArray(value)) {
    byte(0x41); // A
    const start = at;
    at += 4;
    for (const item of value as unknown[]) {
      field(item);
      if (unusual) return;
    }
    putInt32(start, at - start - 4);
  } else unusual = true;
}

function shortText(text: string): void {
  if (text.length > 255) unusual = true;
  byte(text.length);
  ascii(text);
}

function ascii(text: string): void {
  const { length } = text;
  if (at + length > MAX_BYTES) {
    unusual = true;
    return;
  }
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) {
      unusual = true;
      return;
    }
    scratch[at + i] = code;
  }
  at += length;
}

function octet(value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 255) unusual = true;
  byte(value);
}

function byte(value: number): void {
  scratch[at] = value;
  at += 1;
}

function int16(value: number): void {
  byte(value >>> 8);
  byte(value);
}

function int32(value: number): void {
  putInt32(at, value);
  at += 4;
}

function putInt32(where: number, value: number): void {
  scratch[where] = value >>> 24;
  scratch[where + 1] = value >>> 16;
  scratch[where + 2] = value >>> 8;
  scratch[where + 3] = value;
}
