/** Properties of a message for the default exchange. */
export interface MessageProperties {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly priority?: number | undefined;
}

/** Longest message made here, bytes with its frames: up to there amqplib writes one piece, and so does this. */
const MAX_BYTES = 2047;
/** Bytes that are gathered at most: so many go through a socket at once. */
const SIZE = 64 * 1024;

const FRAME_END = 0xce;
/** Content type, content encoding, headers, delivery mode, message id: what every message of ours states. */
const ALWAYS = 0x8000 | 0x4000 | 0x2000 | 0x1000 | 0x0080;
const PRIORITY = 0x0800;
const CORRELATION_ID = 0x0400;
const REPLY_TO = 0x0200;

/**
 * Gathers the bytes of persistent, mandatory publishes to the default exchange on one channel, as amqplib makes them: method, properties
 * and body. What it does not take amqplib is to make: a long message, texts beyond ASCII, and values other than Celery's plain headers have.
 *
 * amqplib calls into native code five times for each header, allocates four buffers outside of V8's heap for a message, and writes each to the
 * socket alone (docs/decisions/0311).
 */
export class PublishFrames {
  private readonly bytes = Buffer.allocUnsafe(SIZE);
  /** Where the next byte goes. */
  private at = 0;
  /** Where the message in the making ends at the latest. Nothing is written from there on. */
  private end = 0;
  /** Something stands in the message that is left to amqplib. */
  private unusual = false;

  constructor(private readonly channel: number) {}

  get isEmpty(): boolean {
    return this.at === 0;
  }

  /** Whether another message surely has room. */
  get hasRoom(): boolean {
    return this.at + MAX_BYTES < SIZE;
  }

  /** All that was gathered. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.at));
    this.at = 0;
    return taken;
  }

  /** False: it is amqplib's to make. To be called while there is room. */
  add(queue: string, body: Buffer, properties: MessageProperties, messageId: string): boolean {
    const start = this.at;
    this.end = start + MAX_BYTES;
    this.unusual = false;
    this.message(queue, body, properties, messageId);
    if (this.unusual) this.at = start;
    return !this.unusual;
  }

  private message(queue: string, body: Buffer, properties: MessageProperties, messageId: string): void {
    const { contentType, contentEncoding, headers, correlationId, replyTo, priority } = properties;
    if (contentType === undefined || contentEncoding === undefined || body.length === 0) {
      this.unusual = true;
      return;
    }
    const method = this.begin(1);
    this.int32(0x003c0028); // basic.publish
    this.int16(0); // ticket
    this.shortText(''); // exchange
    this.shortText(queue);
    this.byte(1); // mandatory
    this.finish(method);
    const header = this.begin(2);
    this.int32(0x003c0000); // basic
    this.int32(0);
    this.int32(body.length);
    this.int16(
      ALWAYS |
        (priority === undefined ? 0 : PRIORITY) |
        (correlationId === undefined ? 0 : CORRELATION_ID) |
        (replyTo === undefined ? 0 : REPLY_TO),
    );
    this.shortText(contentType);
    this.shortText(contentEncoding);
    this.table(headers);
    this.byte(2); // persistent
    if (priority !== undefined) this.octet(priority);
    if (correlationId !== undefined) this.shortText(correlationId);
    if (replyTo !== undefined) this.shortText(replyTo);
    this.shortText(messageId);
    this.finish(header);
    // Its frame has eight bytes besides.
    if (this.unusual || this.at + body.length + 8 > this.end) {
      this.unusual = true;
      return;
    }
    const content = this.begin(3);
    body.copy(this.bytes, this.at);
    this.at += body.length;
    this.finish(content);
  }

  /** @returns where the frame's size goes, for {@link finish}. */
  private begin(type: number): number {
    this.byte(type);
    this.int16(this.channel);
    this.at += 4;
    return this.at - 4;
  }

  private finish(sizeAt: number): void {
    this.putInt32(sizeAt, this.at - sizeAt - 4);
    this.byte(FRAME_END);
  }

  private table(fields: Readonly<Record<string, unknown>>): void {
    const start = this.at;
    this.at += 4;
    for (const key of Object.keys(fields)) {
      const value = fields[key];
      if (value === undefined) continue;
      this.shortText(key);
      this.field(value);
      if (this.unusual) return;
    }
    this.putInt32(start, this.at - start - 4);
  }

  private field(value: unknown): void {
    // Also what ends a list that holds itself.
    if (this.at > this.end) this.unusual = true;
    if (this.unusual) return;
    if (typeof value === 'string') {
      this.byte(0x53); // S
      this.int32(value.length);
      this.ascii(value);
    } else if (value === null)
      this.byte(0x56); // V
    else if (value === true || value === false) {
      this.byte(0x74); // t
      this.byte(value ? 1 : 0);
    } else if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 128) {
      this.byte(0x62); // b
      this.byte(value);
    } else if (Array.isArray(value)) {
      this.byte(0x41); // A
      const start = this.at;
      this.at += 4;
      for (const item of value as unknown[]) {
        this.field(item);
        if (this.unusual) return;
      }
      this.putInt32(start, this.at - start - 4);
    } else this.unusual = true;
  }

  private shortText(text: string): void {
    if (text.length > 255) this.unusual = true;
    this.byte(text.length);
    this.ascii(text);
  }

  private ascii(text: string): void {
    const { bytes, at } = this;
    const { length } = text;
    if (at + length > this.end) {
      this.unusual = true;
      return;
    }
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.unusual = true;
        return;
      }
      bytes[at + i] = code;
    }
    this.at = at + length;
  }

  private octet(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 255) this.unusual = true;
    this.byte(value);
  }

  private byte(value: number): void {
    this.bytes[this.at] = value;
    this.at += 1;
  }

  private int16(value: number): void {
    this.byte(value >>> 8);
    this.byte(value);
  }

  private int32(value: number): void {
    this.putInt32(this.at, value);
    this.at += 4;
  }

  private putInt32(where: number, value: number): void {
    const { bytes } = this;
    bytes[where] = value >>> 24;
    bytes[where + 1] = value >>> 16;
    bytes[where + 2] = value >>> 8;
    bytes[where + 3] = value;
  }
}
