import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { AnyContract, BatchItem, BatchOutcome, Input, Output, TaskContext } from '@lovage/task';
import type { z } from 'zod';

type Answer<T> = T | Promise<T> | Observable<T>;

/** A method that runs a contract: its input and its context in, its output out. */
type HandlerMethod<C extends AnyContract> = (
  input: Input<C>,
  task: TaskContext<C>,
) => Answer<z.input<C['output']> | Output<C>>;

/** A method that runs many tasks of a contract: outcomes out, one for each. */
type BatchHandlerMethod<C extends AnyContract> = (items: readonly BatchItem<C>[]) => Answer<readonly BatchOutcome<C>[]>;

/** Nest keeps a method's parameter decorators here (`@nestjs/microservices`, PARAM_ARGS_METADATA). */
export const PARAM_ARGS_METADATA = '__routeArguments__';

/** What Nest keeps of methods whose parameters were decorated here, as the application had not done so. */
const undecorated = new WeakSet();

/** Whether a method of a class, or one that it inherits, is a handler whose parameters the application has left undecorated. */
export function isUndecorated(controller: Type, key: string): boolean {
  return undecorated.has(Reflect.getMetadata(PARAM_ARGS_METADATA, controller, key) as object);
}

/** Decorates a method's first parameters, unless the application has decorated one. */
function decorateParameters(target: object, key: string | symbol, ...decorators: ParameterDecorator[]): void {
  if (Reflect.hasMetadata(PARAM_ARGS_METADATA, target.constructor, key)) return;
  decorators.forEach((decorate, index) => decorate(target, key, index));
  undecorated.add(Reflect.getMetadata(PARAM_ARGS_METADATA, target.constructor, key) as object);
}

/**
 * Makes a controller's method the handler of a contract. It stays a Nest message handler: guards, pipes, interceptors,
 * filters and injection apply. The method gets the validated input and the {@link TaskContext}, without further
 * decorators; write `@Payload(…)` and `@Ctx()` where a parameter needs pipes of its own. Of an observable the last value counts;
 * it is unsubscribed when the attempt is over before it completes (time limit, revoke, stop, lost lease).
 *
 * A method whose types do not fit the contract does not compile.
 */
export function TaskHandler<C extends AnyContract>(contract: C) {
  return <M extends HandlerMethod<C>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    decorateParameters(target, key, Payload(), Ctx());
    MessagePattern(contract.name)(target, key, descriptor);
  };
}

/** Stands in the extras of a batch handler, where Nest hands it to the transport. */
export const BATCH = 'lovageBatch';

/**
 * Makes a controller's method the handler of a contract with `batch`: it gets many tasks at once, each with its input and context,
 * and answers an outcome for each: `items.map(({ input, succeeded }) => succeeded(…))`. Guards, pipes, interceptors and filters
 * apply once to the whole; their data is the list of items. What it throws is the failure of each of them.
 *
 * A method whose types do not fit the contract does not compile. A worker refuses to start (`HandlerKindError`) where a contract
 * without `batch` has such a handler, or one with `batch` has another.
 */
export function TaskBatchHandler<C extends AnyContract>(contract: C) {
  return <M extends BatchHandlerMethod<C>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    decorateParameters(target, key, Payload());
    MessagePattern(contract.name, { [BATCH]: true })(target, key, descriptor);
  };
}
