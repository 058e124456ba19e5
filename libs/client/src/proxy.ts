import { LovageError } from '@lovage/foundation';
import type {
  BrokerUnavailableError,
  ConfirmLostError,
  PublishRefusedError,
  SqlTransaction,
  StoreUnavailableError,
  TaskNotUniqueError,
  UnroutableError,
} from '@lovage/ports';
import type { AnyContract, ErrorUnion, InputInvalidError, Output, SubmitInput, TaskRevokedError } from '@lovage/task';
import type {
  ClientStoppedError,
  IdempotencyKeyReusedError,
  ResultTimeoutError,
  SubmitOptionsError,
  TaskExpiredError,
  TaskFailedError,
  TaskUnknownError,
} from './errors.ts';
import type { CallOptions, TaskHandle } from './handle.ts';
import type { SubmitOptions } from './submit/options.ts';

/** All that a call may fail with, told apart by `code`; the errors that the contract declares also by `type`. */
export type CallError<C extends AnyContract> =
  | ErrorUnion<C>
  | TaskFailedError
  | TaskRevokedError
  | TaskExpiredError
  | TaskUnknownError
  | ResultTimeoutError
  | InputInvalidError
  | SubmitOptionsError
  | IdempotencyKeyReusedError
  | TaskNotUniqueError
  | UnroutableError
  | PublishRefusedError
  | BrokerUnavailableError
  | ConfirmLostError
  | StoreUnavailableError
  | ClientStoppedError;

/** What a call came to, without a throw. */
export type SafeResult<C extends AnyContract> =
  { readonly ok: true; readonly value: Output<C> } | { readonly ok: false; readonly error: CallError<C> };

/** One contract, ready to be called and submitted. */
export interface TypedTask<C extends AnyContract> {
  /** Calls it: what its handler returns, or the typed error thrown. See `LovageClient.call`. */
  (input: SubmitInput<C>, options?: CallOptions): Promise<Output<C>>;
  /** Calls it and gives the error instead of throwing it. Throws only an abort's reason and what is no error of Lovage's. */
  safe(input: SubmitInput<C>, options?: CallOptions): Promise<SafeResult<C>>;
  /** Sends it and does not wait. See `LovageClient.submit`. */
  submit(input: SubmitInput<C>, options?: SubmitOptions): Promise<TaskHandle<C>>;
  /** Sends many, some hundred at a time. See `LovageClient.submitMany`. */
  submitMany(
    inputs: Iterable<SubmitInput<C>> | AsyncIterable<SubmitInput<C>>,
    options?: SubmitOptions | ((input: SubmitInput<C>, index: number) => SubmitOptions),
  ): Promise<TaskHandle<C>[]>;
  /** Sends it with the commit of a transaction of yours. See `LovageClient.submitIn`. */
  submitIn(transaction: SqlTransaction, input: SubmitInput<C>, options?: SubmitOptions): Promise<TaskHandle<C>>;
  /** The same as `submit`. */
  delay(input: SubmitInput<C>, options?: SubmitOptions): Promise<TaskHandle<C>>;
  /** The same as `submit`. */
  apply(input: SubmitInput<C>, options?: SubmitOptions): Promise<TaskHandle<C>>;
  /** A task of this contract by its id. */
  handle(id: string): TaskHandle<C>;
  readonly contract: C;
}

export type TypedClient<T extends Readonly<Record<string, AnyContract>>> = { readonly [K in keyof T]: TypedTask<T[K]> };

/** What a typed client is a coat of. */
export interface TaskCaller {
  submit<C extends AnyContract>(contract: C, input: SubmitInput<C>, options?: SubmitOptions): Promise<TaskHandle<C>>;
  submitMany<C extends AnyContract>(
    contract: C,
    inputs: Iterable<SubmitInput<C>> | AsyncIterable<SubmitInput<C>>,
    options?: SubmitOptions | ((input: SubmitInput<C>, index: number) => SubmitOptions),
  ): Promise<TaskHandle<C>[]>;
  submitIn<C extends AnyContract>(
    transaction: SqlTransaction,
    contract: C,
    input: SubmitInput<C>,
    options?: SubmitOptions,
  ): Promise<TaskHandle<C>>;
  call<C extends AnyContract>(contract: C, input: SubmitInput<C>, options?: CallOptions): Promise<Output<C>>;
  handle<C extends AnyContract>(id: string, contract: C): TaskHandle<C>;
}

export function typedClient<T extends Readonly<Record<string, AnyContract>>>(
  client: TaskCaller,
  contracts: T,
): TypedClient<T> {
  const tasks = Object.entries(contracts).map(([name, contract]) => [name, typedTask(client, contract)] as const);
  return Object.freeze(Object.fromEntries(tasks)) as unknown as TypedClient<T>;
}

function typedTask<C extends AnyContract>(client: TaskCaller, contract: C): TypedTask<C> {
  const submit = (input: SubmitInput<C>, options?: SubmitOptions) => client.submit(contract, input, options);
  const call = (input: SubmitInput<C>, options?: CallOptions) => client.call(contract, input, options);
  return Object.freeze(
    Object.assign(call, {
      safe: (input: SubmitInput<C>, options?: CallOptions) => safely<C>(() => call(input, options)),
      submit,
      submitMany: (
        inputs: Iterable<SubmitInput<C>> | AsyncIterable<SubmitInput<C>>,
        options?: SubmitOptions | ((input: SubmitInput<C>, index: number) => SubmitOptions),
      ) => client.submitMany(contract, inputs, options),
      submitIn: (transaction: SqlTransaction, input: SubmitInput<C>, options?: SubmitOptions) =>
        client.submitIn(transaction, contract, input, options),
      delay: submit,
      apply: submit,
      handle: (id: string) => client.handle(id, contract),
      contract,
    }),
  );
}

async function safely<C extends AnyContract>(call: () => Promise<Output<C>>): Promise<SafeResult<C>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    if (error instanceof LovageError) return { ok: false, error: error as CallError<C> };
    throw error;
  }
}
