import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { LovageClient } from '@lovage/client';
import { toError } from '@lovage/foundation';

/**
 * Nest's view of the client: `send(name, input)` is a call, answered with the result or the task's error;
 * `emit(name, input)` submits, and completes when the task cannot be lost. Patterns are contract names.
 * The typed client (`LovageClient`, {@link LovageModule}) says the same with types; this one lets code written for any
 * Nest transport use ours.
 */
export class LovageClientProxy extends ClientProxy {
  constructor(private readonly client: LovageClient) {
    super();
  }

  connect(): Promise<void> {
    return this.client.start();
  }

  /** The client's life is not the proxy's: the one who made it stops it. */
  close(): void {}

  unwrap<T = LovageClient>(): T {
    return this.client as T;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const abort = new AbortController();
    this.call(packet, abort.signal).then(
      (response) => callback({ response, isDisposed: true }),
      (error: unknown) => {
        // Unsubscribed: nobody listens for how it ended.
        if (!abort.signal.aborted) callback({ err: toError(error), isDisposed: true });
      },
    );
    return () => abort.abort();
  }

  protected async dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    const handle = await this.client.submitByName(String(packet.pattern), packet.data, { awaitReply: false });
    return handle.id as T;
  }

  private async call(packet: ReadPacket, signal: AbortSignal): Promise<unknown> {
    const handle = await this.client.submitByName(String(packet.pattern), packet.data);
    return handle.result({ signal });
  }
}
