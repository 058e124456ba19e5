import type { IncomingMessage, ServerResponse } from 'node:http';

/** One client that waits for something, and how long it may. */
export interface OpenWait {
  /** Aborted when the client is gone, or this server stops. May be aborted from the start. */
  readonly signal: AbortSignal;
  close(): void;
}

/** Answers held back on purpose (`Prefer: wait`, streams): known here, so that a stop can end them. */
export class OpenWaits {
  private readonly open = new Set<AbortController>();
  private stopped = false;

  get stopping(): boolean {
    return this.stopped;
  }

  /** Number of answers held back. */
  get size(): number {
    return this.open.size;
  }

  /**
   * A client may leave before its request gets here, and an answer that queues behind another one of its connection never
   * hears of the end: so the connection is asked, and listened to.
   */
  begin(request: IncomingMessage, response: ServerResponse): OpenWait {
    const controller = new AbortController();
    const { socket } = request;
    const onClose = (): void => controller.abort();
    if (this.stopped || socket.destroyed || response.destroyed || response.closed) controller.abort();
    this.open.add(controller);
    response.once('close', onClose);
    socket.once('close', onClose);
    return {
      signal: controller.signal,
      close: () => {
        response.off('close', onClose);
        socket.off('close', onClose);
        this.open.delete(controller);
      },
    };
  }

  /** Ends every wait, and those that begin from now on. */
  stop(): void {
    this.stopped = true;
    for (const controller of this.open) controller.abort();
  }
}
