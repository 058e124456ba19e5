import type { ServerResponse } from 'node:http';
import type { Clock } from '@lovage/ports';
import type { FastifyReply } from 'fastify';

/** Between two comments that keep proxies from taking the stream for dead, ms. */
const HEARTBEAT_MS = 15_000;
/** How long a client may take to read what it was sent at once (400 KiB at most), ms; then it is told, and the stream ends. */
export const PATIENCE_MS = 60_000;
/** How long the end of a stream may wait for a client to take it, ms; then the connection is cut. */
const LINGER_MS = 10_000;
/** How soon a client comes back after a cut, ms. */
const RETRY_MS = 1_000;
/** The same for one that was too slow, ms. */
const RETRY_SLOW_MS = 5_000;

export interface ServerEvent {
  /** What a client sends back as Last-Event-ID; left out where a stream begins anew at each return. */
  readonly id?: number;
  readonly event: string;
  readonly data: unknown;
}

/**
 * An answer in the form of server-sent events. It keeps nothing for a client that reads slowly but what it was given at once:
 * a sender asks `ready` first, and goes on from `onReady`.
 */
export class EventStream {
  private readonly raw: ServerResponse;
  private cancelHeartbeat: (() => void) | undefined;
  private cancelPatience: (() => void) | undefined;
  private blocked = false;
  private ended = false;

  /** Takes the answer over from Fastify, headers that were set included. @param comeBack what a client that was too slow is told to do */
  constructor(
    reply: FastifyReply,
    private readonly clock: Clock,
    private readonly onReady: () => void,
    private readonly comeBack = 'come back with Last-Event-ID',
  ) {
    this.raw = reply.raw;
    const headers = reply.getHeaders();
    reply.hijack();
    this.raw.once('close', () => this.cancelTimers());
    this.raw.writeHead(200, {
      ...(headers as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      // nginx would gather what should go out at once.
      'x-accel-buffering': 'no',
    });
    this.write(`retry: ${RETRY_MS}\n\n`);
    this.beat();
  }

  /** The client has taken all that it was sent, so far as can be known here. */
  get ready(): boolean {
    return !this.blocked && !this.ended;
  }

  send(events: readonly ServerEvent[]): void {
    let text = '';
    // JSON has no line breaks outside of its escapes: one line of data is enough.
    for (const { id, event, data } of events)
      text += `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    if (text !== '') this.write(text);
  }

  /** Ends the answer; the connection is cut if the client does not take the rest soon. Idempotent. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.cancelTimers();
    if (this.raw.destroyed || this.raw.closed) return;
    this.raw.end();
    this.cancelPatience = this.clock.after(LINGER_MS, () => this.raw.destroy());
  }

  /** Tells the client why, and ends. */
  close(code: string, detail: string): void {
    this.write(`event: closed\ndata: ${JSON.stringify({ code, detail })}\n\n`);
    this.end();
  }

  private write(text: string): void {
    if (this.ended || this.raw.destroyed) return;
    if (this.raw.write(text) || this.blocked) return;
    this.blocked = true;
    this.cancelPatience = this.clock.after(PATIENCE_MS, () => this.endAsTooSlow());
    this.raw.once('drain', () => {
      if (this.ended) return;
      this.blocked = false;
      this.cancelPatience?.();
      this.onReady();
    });
  }

  /** Without an id: the client comes back with that of the last event it has got. */
  private endAsTooSlow(): void {
    const data = {
      code: 'client_too_slow',
      detail: `what was sent was not read within ${PATIENCE_MS / 1000} s; ${this.comeBack}`,
    };
    this.write(`retry: ${RETRY_SLOW_MS}\nevent: closed\ndata: ${JSON.stringify(data)}\n\n`);
    this.end();
  }

  private beat(): void {
    this.cancelHeartbeat = this.clock.after(HEARTBEAT_MS, () => {
      if (!this.blocked) this.write(':\n\n');
      this.beat();
    });
  }

  private cancelTimers(): void {
    this.cancelHeartbeat?.();
    this.cancelPatience?.();
  }
}
