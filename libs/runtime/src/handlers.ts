import { LovageError } from '@lovage/foundation';
import type { ServedContract } from '@lovage/ports';
import type { AnyContract } from '@lovage/task';
import { BuiltinTasks } from './canvas/builtin-tasks.ts';
import type { BatchHandle, Handle, HandlerBinding } from './handler-binding.ts';
import { singly } from './run/batch-attempt.ts';

/** The handler of a contract, as an application brings it: `handleBatch` where the contract has `batch`. */
export type Handler =
  | { readonly name: string; readonly handle: Handle; readonly handleBatch?: undefined }
  | { readonly name: string; readonly handleBatch: BatchHandle; readonly handle?: undefined };

/** What a worker's row tells of a contract that it serves. */
export function servedContract({ name, version, fingerprint }: AnyContract): ServedContract {
  return { name, version, fingerprint };
}

/** A contract that this worker is told to serve has no handler. */
export class HandlerMissingError extends LovageError {
  readonly code = 'handler_missing';
  constructor(readonly contracts: readonly string[]) {
    super(
      `no handler for ${contracts.join(', ')}: add a method with @TaskHandler(contract) to a controller of this worker, or take the contract out of its list`,
    );
  }
}

/** Two handlers for one contract: which one would run is chance. */
export class HandlerDuplicateError extends LovageError {
  readonly code = 'handler_duplicate';
  constructor(readonly contract: string) {
    super(`two handlers for ${contract}: a contract is served by exactly one; remove one of them`);
  }
}

/** A handler for something that is not in the worker's list of contracts. */
export class HandlerWithoutContractError extends LovageError {
  readonly code = 'handler_without_contract';
  constructor(readonly contract: string) {
    super(`a handler is there for ${contract}, but this worker is not told to serve it: add the contract to its list`);
  }
}

/** A contract with `batch` has a handler of single tasks, or the other way round. */
export class HandlerKindError extends LovageError {
  readonly code = 'handler_kind';
  constructor(
    readonly contract: string,
    batch: boolean,
  ) {
    super(
      batch
        ? `${contract} has \`batch\`, so its handler gets many tasks at once: make it with @TaskBatchHandler(contract), or take \`batch\` out of the contract`
        : `the handler of ${contract} is one of batches, and the contract has no \`batch\`: make it with @TaskHandler(contract), or give the contract \`batch: { size, timeout }\``,
    );
  }
}

/** Handlers by contract name; complete and unambiguous, or it is not made. */
export class HandlerTable {
  private readonly byName: ReadonlyMap<string, HandlerBinding>;
  private readonly builtins = new BuiltinTasks((name) => this.byName.get(name));

  /**
   * @param contracts what the worker is told to serve.
   * @throws HandlerMissingError, HandlerDuplicateError, HandlerWithoutContractError, HandlerKindError
   */
  constructor(contracts: readonly AnyContract[], handlers: readonly Handler[]) {
    const known = new Map(contracts.map((contract) => [contract.name, contract]));
    const byName = new Map<string, HandlerBinding>();
    for (const { name, handle, handleBatch } of handlers) {
      const contract = known.get(name);
      if (!contract) throw new HandlerWithoutContractError(name);
      if (byName.has(name)) throw new HandlerDuplicateError(name);
      const batch = contract.options.batch !== undefined;
      if (batch !== (handleBatch !== undefined)) throw new HandlerKindError(name, batch);
      byName.set(
        name,
        handleBatch ? { contract, handle: singly(contract, handleBatch), handleBatch } : { contract, handle },
      );
    }
    const missing = [...known.keys()].filter((name) => !byName.has(name));
    if (missing.length > 0) throw new HandlerMissingError(missing.sort());
    this.byName = byName;
  }

  /** Also of a task that every worker serves: those are in no list. */
  find(name: string): HandlerBinding | undefined {
    return this.byName.get(name) ?? this.builtins.get(name);
  }

  /** Those that are served. */
  contracts(): AnyContract[] {
    return [...this.byName.values()].map(({ contract }) => contract);
  }

  names(): string[] {
    return [...this.byName.keys()].sort();
  }
}
