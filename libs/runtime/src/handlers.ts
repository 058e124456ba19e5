import { LovageError } from '@lovage/foundation';
import type { AnyContract, TaskContext } from '@lovage/task';

/** Runs one contract. May answer a value or a promise of one; throws to fail. */
export type Handle = (input: unknown, task: TaskContext) => unknown;

export interface HandlerBinding {
  readonly contract: AnyContract;
  readonly handle: Handle;
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

/** Handlers by contract name; complete and unambiguous, or it is not made. */
export class HandlerTable {
  private readonly byName: ReadonlyMap<string, HandlerBinding>;

  /**
   * @param contracts what the worker is told to serve.
   * @throws HandlerMissingError, HandlerDuplicateError, HandlerWithoutContractError
   */
  constructor(contracts: readonly AnyContract[], handlers: readonly { name: string; handle: Handle }[]) {
    const known = new Map(contracts.map((contract) => [contract.name, contract]));
    const byName = new Map<string, HandlerBinding>();
    for (const { name, handle } of handlers) {
      const contract = known.get(name);
      if (!contract) throw new HandlerWithoutContractError(name);
      if (byName.has(name)) throw new HandlerDuplicateError(name);
      byName.set(name, { contract, handle });
    }
    const missing = [...known.keys()].filter((name) => !byName.has(name));
    if (missing.length > 0) throw new HandlerMissingError(missing.sort());
    this.byName = byName;
  }

  find(name: string): HandlerBinding | undefined {
    return this.byName.get(name);
  }

  names(): string[] {
    return [...this.byName.keys()].sort();
  }
}
