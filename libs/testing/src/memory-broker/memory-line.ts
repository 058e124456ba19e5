/** What a client has open at the server, over a {@link MemoryLine}. */
export class MemoryConnection {
  /** Neither side hears the other any more. */
  closed = false;
  private requestsHeld = false;
  private answersHeld = false;
  private readonly requests: (() => void)[] = [];
  private readonly answers: (() => void)[] = [];
  private readonly closeListeners: (() => void)[] = [];

  constructor(
    private readonly line: MemoryLine,
    /** It was closed by the other side, or by the line between. */
    private readonly onLost: () => void,
  ) {}

  /** Lets the server do something. Nothing of it happens once the connection is closed. */
  request(run: () => void): void {
    if (this.closed) return;
    if (this.requestsHeld) this.requests.push(run);
    else run();
  }

  /** Lets the client hear something, in the order in which the server said it. */
  answer(run: () => void): void {
    if (this.closed) return;
    if (this.answersHeld) this.answers.push(run);
    else run();
  }

  hold(what: 'answers' | 'all'): void {
    this.answersHeld = true;
    if (what === 'all') this.requestsHeld = true;
  }

  release(): void {
    this.requestsHeld = this.answersHeld = false;
    for (const run of this.requests.splice(0)) this.request(run);
    for (const run of this.answers.splice(0)) this.answer(run);
  }

  /** The client ends it. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.line.forget(this);
    for (const listener of this.closeListeners) listener();
  }

  /** Something else ends it. */
  lose(): void {
    if (this.closed) return;
    this.close();
    this.onLost();
  }

  /** For the server: what was bound to the connection is released. */
  onClose(listener: () => void): void {
    this.closeListeners.push(listener);
  }
}

/** The way from a client to the server: whole unless a test breaks it, in the ways that a TCP proxy breaks one. */
export class MemoryLine {
  private readonly open = new Set<MemoryConnection>();
  private readonly waiting = new Set<() => void>();
  private refusing = false;
  private silent = false;

  /** No new connection is taken. */
  get refuses(): boolean {
    return this.refusing;
  }

  /** Connections open through it. */
  get connections(): number {
    return this.open.size;
  }

  /** @returns undefined while connections are refused. One that is taken may stay silent. */
  connect(onLost: () => void): MemoryConnection | undefined {
    if (this.refusing) return undefined;
    const connection = new MemoryConnection(this, onLost);
    if (this.silent) connection.hold('all');
    this.open.add(connection);
    return connection;
  }

  /** Calls `retry` once connections are taken again; returns how to cancel that. */
  onHealed(retry: () => void): () => void {
    this.waiting.add(retry);
    return () => void this.waiting.delete(retry);
  }

  /** Ends the connections there are; new ones are taken. */
  cut(): void {
    for (const connection of [...this.open]) connection.lose();
  }

  /** The same, and refuses new ones until {@link heal}. */
  refuse(): void {
    this.refusing = true;
    this.cut();
  }

  /** Nothing passes, either way, and nobody is told. */
  blackhole(): void {
    this.silent = true;
    for (const connection of this.open) connection.hold('all');
  }

  /** What the server says is held back; what the client says still arrives. */
  holdAnswers(): void {
    for (const connection of this.open) connection.hold('answers');
  }

  /** Takes and passes on again, also what was held back. */
  heal(): void {
    this.refusing = this.silent = false;
    for (const connection of [...this.open]) connection.release();
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const retry of waiting) retry();
  }

  forget(connection: MemoryConnection): void {
    this.open.delete(connection);
  }
}
