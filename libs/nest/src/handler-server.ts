import { Server, type MessageHandler } from '@nestjs/microservices';
import { isObservable } from 'rxjs';
import { HandlerDuplicateError, HandlerTable, type Handler } from '@lovage/runtime';
import type { AnyContract, TaskContext } from '@lovage/task';
import { lastValueOf } from './last-value.ts';
import { BATCH } from './task-handler.ts';

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

  /** @throws HandlerMissingError HandlerDuplicateError HandlerWithoutContractError HandlerKindError */
  protected table(contracts: readonly AnyContract[]): HandlerTable {
    const [twice] = this.twice;
    if (twice !== undefined) throw new HandlerDuplicateError(twice);
    const handlers = [...this.messageHandlers].map(([name, handler]) => toHandler(name, handler));
    return new HandlerTable(contracts, handlers);
  }
}

function toHandler(name: string, handler: MessageHandler): Handler {
  // Not async: each promise is told to the context of tasks, and to await one makes another. Nest's proxies never throw at once; behind
  // a short pipeline a plain value is answered as it is.
  const call = (data: unknown, context: TaskContext | readonly TaskContext[]): unknown => {
    const answer = handler(data, context) as unknown;
    if (typeof (answer as { then?: unknown } | null | undefined)?.then !== 'function') return answer;
    return (answer as Promise<unknown>).then((result) =>
      isObservable(result) ? lastValueOf(result, context) : result,
    );
  };
  const isBatch = (handler.extras as Record<string, unknown> | undefined)?.[BATCH] === true;
  // Guards and interceptors that look at the context see those of the tasks.
  return isBatch
    ? {
        name,
        handleBatch: (items) =>
          call(
            items,
            items.map(({ task }) => task),
          ),
      }
    : { name, handle: call };
}
