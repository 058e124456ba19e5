import { Server, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { HandlerDuplicateError, HandlerTable, type Handle } from '@lovage/runtime';
import type { AnyContract } from '@lovage/task';

/** What Nest's transports of ours share: the handlers that the application brings. */
export abstract class HandlerServer extends Server {
  private readonly twice = new Set<string>();

  // Nest lets a later handler of a pattern replace an earlier one without a word; which of the two would run is chance.
  override addHandler(pattern: unknown, callback: MessageHandler, isEventHandler = false, extras = {}): void {
    const name = this.normalizePattern(pattern as string);
    if (this.messageHandlers.has(name)) this.twice.add(name);
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  listen(callback: (error?: unknown) => void): void {
    this.open().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  on(event: string): never {
    throw new Error(`this transport has no event ${event}; see TaskWorker.signals`);
  }

  protected abstract open(): Promise<void>;

  /** @throws HandlerMissingError HandlerDuplicateError HandlerWithoutContractError */
  protected table(contracts: readonly AnyContract[]): HandlerTable {
    const [twice] = this.twice;
    if (twice !== undefined) throw new HandlerDuplicateError(twice);
    const handlers = [...this.messageHandlers].map(([name, handler]) => ({ name, handle: toHandle(handler) }));
    return new HandlerTable(contracts, handlers);
  }
}

function toHandle(handler: MessageHandler): Handle {
  return async (input, task) => {
    const result: unknown = await handler(input, task);
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
  };
}
