import type { ServerResponse } from 'node:http';
import type { Clock } from '@lovage/ports';
import type { FastifyReply } from 'fastify';

/** Between two comments that keep proxies from taking the stream for dead, ms. */
const HEARTBEAT_MS = 15_000;
/** What may wait for a client that reads slowly, bytes; beyond it the stream is cut, and resumed when it can be. */
const MAX_WAITING = 1024 ** 2;
/** How soon a client comes back after a cut, ms. */
const RETRY_MS = 1_000;

export interface ServerEvent {
  readonly id: number;
  readonly event: string;
  readonly data: unknown;
}

/** An answer in the form of server-sent events. */
export class EventStream {
  private readonly raw: ServerResponse;
  private offHeartbeat: (() => void) | undefined;

  /** Takes the answer over from Fastify, headers that were set included. */
  constructor(
    reply: FastifyReply,
    private readonly clock: Clock,
  ) {
    this.raw = reply.raw;
    const headers = reply.getHeaders();
    reply.hijack();
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

  send(events: readonly ServerEvent[]): void {
    let text = '';
    // JSON has no line breaks outside of its escapes: one line of data is enough.
    for (const { id, event, data } of events) text += `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    if (text !== '') this.write(text);
  }

  end(): void {
    this.offHeartbeat?.();
    if (!this.raw.writableEnded) this.raw.end();
  }

  private write(text: string): void {
    if (this.raw.writableEnded || this.raw.destroyed) return;
    if (!this.raw.write(text) && this.raw.writableLength > MAX_WAITING) this.raw.destroy();
  }

  private beat(): void {
    this.offHeartbeat = this.clock.after(HEARTBEAT_MS, () => {
      this.write(':\n\n');
      this.beat();
    });
  }
}
