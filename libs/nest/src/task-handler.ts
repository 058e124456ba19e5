import 'reflect-metadata';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { AnyContract, Input, Output, TaskContext } from '@lovage/task';
import type { z } from 'zod';

type Answer<T> = T | Promise<T> | Observable<T>;

/** A method that runs a contract: its input and its context in, its output out. */
type HandlerMethod<C extends AnyContract> = (
  input: Input<C>,
  task: TaskContext<C>,
) => Answer<z.input<C['output']> | Output<C>>;

/** Nest keeps a method's parameter decorators here (`@nestjs/microservices`, PARAM_ARGS_METADATA). */
const PARAM_ARGS_METADATA = '__routeArguments__';

/**
 * Makes a controller's method the handler of a contract. It stays a Nest message handler: guards, pipes, interceptors,
 * filters and injection apply. The method gets the validated input and the {@link TaskContext}, without further
 * decorators; write `@Payload(…)` and `@Ctx()` where a parameter needs pipes of its own. Of an observable the last value counts.
 *
 * A method whose types do not fit the contract does not compile.
 */
export function TaskHandler<C extends AnyContract>(contract: C) {
  return <M extends HandlerMethod<C>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    if (!Reflect.hasMetadata(PARAM_ARGS_METADATA, target.constructor, key)) {
      Payload()(target, key, 0);
      Ctx()(target, key, 1);
    }
    MessagePattern(contract.name)(target, key, descriptor);
  };
}
