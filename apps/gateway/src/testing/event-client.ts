/** An event as it came. */
export interface ReceivedEvent<T = unknown> {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: T;
}

/** A client of a stream of server-sent events, in a test. */
export class EventClient {
  private text = '';

  private constructor(
    readonly response: Response,
    private readonly reader: ReadableStreamDefaultReader<string>,
    private readonly abort: AbortController,
  ) {}

  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<EventClient> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: abort.signal });
    const body = response.body ?? new Response('').body!;
    return new EventClient(response, body.pipeThrough(new TextDecoderStream()).getReader(), abort);
  }

  /** The next event; undefined at the end. */
  async next(): Promise<ReceivedEvent | undefined> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end === -1) {
        const { done, value } = await this.reader.read();
        if (done) return undefined;
        this.text += value;
        continue;
      }
      const block = this.text.slice(0, end);
      this.text = this.text.slice(end + 2);
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const data = field('data');
      if (data !== undefined) return { event: field('event')!, id: field('id'), data: JSON.parse(data) as unknown };
    }
  }

  /** The next event that `wanted` holds for; what comes before it is passed over. Fails at the end of the stream. */
  async until(wanted: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent> {
    for (;;) {
      const event = await this.next();
      if (!event) throw new Error('the stream has ended');
      if (wanted(event)) return event;
    }
  }

  close(): void {
    this.abort.abort();
    this.reader.cancel().catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
