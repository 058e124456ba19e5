import type { INestMicroservice } from '@nestjs/common';
import { isObservable } from 'rxjs';

type Call = (...args: unknown[]) => unknown;
/** Instance, method, module, name of the method, request's context, inquirer, default metadata, whether errors are logged. */
type Asked = [
  instance: object,
  callback: Call,
  module: string,
  method: string,
  context?: unknown,
  inquirer?: string,
  metadata?: unknown,
  report?: boolean,
];
interface Finds<R> {
  create(...of: [object, Call, string, unknown, string | undefined]): R;
}

/** What of Nest's `RpcContextCreator` is used here. Nest does not promise it. */
interface ContextCreator {
  create(...asked: Asked): Call;
  getMetadata(instance: object, method: string, metadata: unknown, type: 'rpc'): { argsLength: number };
  readonly guardsContextCreator: Finds<readonly unknown[]>;
  readonly interceptorsContextCreator: Finds<readonly unknown[]>;
  readonly exceptionFiltersContext: Finds<unknown>;
  readonly applicationConfig: { getGlobalPreRequestHooks(): readonly unknown[] };
  readonly rpcProxy: { create(target: Call, filters: unknown, report?: boolean): Call };
}

/**
 * Handlers without guard, interceptor, pipe and hook are called by Nest's proxy itself, which applies exception filters, and not
 * through the empty pipeline behind it: that costs eight promises a task, each of which Node.js tells the context of tasks about
 * (docs/decisions/0295). A handler that answers a plain value at once makes no promise at all. Nest's own parts tell what applies to a handler. To be called before
 * `listen`; does nothing with a Nest that is built otherwise.
 * @returns whether it is in force
 */
export function shortPipeline(app: INestMicroservice): boolean {
  const creator = contextCreatorOf(app);
  if (!creator) return false;
  const whole = creator.create.bind(creator);
  creator.create = (...asked) => (isBare(creator, asked) ? bare(creator, asked) : whole(...asked));
  return true;
}

function isBare(creator: ContextCreator, asked: Asked): boolean {
  const [instance, callback, module, method, context, inquirer, metadata] = asked;
  return (
    creator.getMetadata(instance, method, metadata, 'rpc').argsLength === 0 &&
    creator.guardsContextCreator.create(instance, callback, module, context, inquirer).length === 0 &&
    creator.interceptorsContextCreator.create(instance, callback, module, context, inquirer).length === 0 &&
    creator.applicationConfig.getGlobalPreRequestHooks().length === 0
  );
}

function bare(creator: ContextCreator, asked: Asked): Call {
  const [instance, callback, module, , context, inquirer, , report] = asked;
  const filters = creator.exceptionFiltersContext.create(instance, callback, module, context, inquirer);
  let outcome: () => unknown = () => undefined;
  // It asks for the outcome at once, before another call can be made.
  const proxy = creator.rpcProxy.create(() => outcome(), filters, report);
  const through = (args: unknown[], of: () => unknown): unknown => {
    outcome = of;
    return proxy(...args);
  };
  return (...args) => {
    let value: unknown;
    try {
      value = callback.apply(instance, args);
      if (isPlain(value)) return value;
    } catch (error) {
      return through(args, () => {
        throw error;
      });
    }
    return through(args, () => value);
  };
}

/** Nothing has to be waited for. Throws what a getter throws. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' && typeof value !== 'function') return true;
  return typeof (value as { then?: unknown } | null)?.then !== 'function' && !isObservable(value);
}

function contextCreatorOf(app: INestMicroservice): ContextCreator | undefined {
  const { microservicesModule } = app as unknown as {
    microservicesModule?: { listenersController?: { contextCreator?: Partial<ContextCreator> } };
  };
  const creator = microservicesModule?.listenersController?.contextCreator;
  const known =
    creator?.create &&
    creator.getMetadata &&
    creator.guardsContextCreator?.create &&
    creator.interceptorsContextCreator?.create &&
    creator.exceptionFiltersContext?.create &&
    creator.applicationConfig?.getGlobalPreRequestHooks &&
    creator.rpcProxy?.create;
  return known ? (creator as ContextCreator) : undefined;
}
