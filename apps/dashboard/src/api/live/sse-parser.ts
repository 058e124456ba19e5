/** Longest event that is taken, characters: ten times what the gateway sends. */
const MAX_EVENT = 8 * 1024 * 1024;

export interface SseEvent {
  /** `message` where none is stated. */
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Takes the pieces of a `text/event-stream` and gives its events. */
export class SseParser {
  private rest = '';
  private data: string[] = [];
  private event = '';
  private id: string | undefined;
  private size = 0;

  /** What the server asks to wait before another try, ms. */
  retryMs: number | undefined;

  /** The events that this piece completes. @throws RangeError for an event without end. */
  push(piece: string): SseEvent[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    const found = lines.flatMap((line) => this.take(line) ?? []);
    if (this.size + this.rest.length > MAX_EVENT) throw new RangeError('an event of the stream is too long');
    return found;
  }

  private take(line: string): SseEvent | undefined {
    if (line === '') return this.end();
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (name === 'data') {
      this.data.push(value);
      this.size += value.length;
    } else if (name === 'event') this.event = value;
    else if (name === 'id') this.id = value;
    else if (name === 'retry' && /^\d{1,7}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  private end(): SseEvent | undefined {
    const { data, event, id } = this;
    this.data = [];
    this.event = '';
    this.size = 0;
    return data.length === 0 ? undefined : { event: event || 'message', data: data.join('\n'), id };
  }
}
