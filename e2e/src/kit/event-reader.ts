/** A server-sent event of a task. */
export interface ReadTaskEvent {
  readonly id: number;
  readonly event: 'state' | 'progress' | 'log';
  readonly data: unknown;
}

/** Follows a task as a browser's EventSource does: after a stream that breaks it comes back with Last-Event-ID. */
export class EventReader {
  /** All that came, over every connection. */
  readonly events: ReadTaskEvent[] = [];
  /** The `Last-Event-ID` of each connection; undefined for the first. */
  readonly connections: (number | undefined)[] = [];
  private current: AbortController | undefined;

  constructor(
    private readonly url: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  /** Breaks the connection in the middle of what it brings. */
  cut(): void {
    this.current?.abort();
  }

  /** Each event as it comes, until the server says that no more will come. @throws Error for a refusal. */
  async *follow(): AsyncGenerator<ReadTaskEvent> {
    for (;;) {
      const last = this.events.at(-1)?.id;
      this.current = new AbortController();
      const response = await fetch(this.url, {
        headers: { ...this.headers, ...(last !== undefined && { 'last-event-id': String(last) }) },
        signal: this.current.signal,
      });
      this.connections.push(last);
      if (response.status === 204) return;
      if (response.status !== 200) throw new Error(`${this.url}: ${response.status} ${await response.text()}`);
      yield* this.read(response);
    }
  }

  private async *read(response: Response): AsyncGenerator<ReadTaskEvent> {
    let text = '';
    try {
      for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
        const blocks = (text + piece).split('\n\n');
        text = blocks.pop()!;
        for (const block of blocks) {
          const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
          if (!fields.has('data')) continue;
          const event = {
            id: Number(fields.get('id')),
            event: fields.get('event'),
            data: JSON.parse(fields.get('data')!),
          };
          this.events.push(event as ReadTaskEvent);
          yield event as ReadTaskEvent;
        }
      }
    } catch (error) {
      if (!this.current!.signal.aborted) throw error;
    }
  }
}
