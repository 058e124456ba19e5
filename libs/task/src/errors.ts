import { LovageError, type ErrorDetails } from '@lovage/foundation';
import { listIssues, type Issue } from './issue.ts';
import type { Stamp, StampParts } from './version/stamp.ts';

/** What led to a failure, as it is kept. */
export type TaskErrorCause = ErrorDetails;

/** How a failure is kept in the store, shown over REST and sent to waiting clients. */
export interface TaskErrorDocument extends ErrorDetails {
  /** Name of the declared error, or the error's `name`: mostly that of its class. At most 200 characters. */
  readonly type: string;
  /** Of a declared error: its data, valid by its schema. */
  readonly data?: unknown;
}

/** `defineTask` was given something that cannot be a contract. */
export class DefinitionError extends LovageError {
  readonly code = 'contract_invalid';
}

/** The input does not fit the contract. Raised when submitting, before anything is sent, and again by the worker. */
export class InputInvalidError extends LovageError {
  readonly code = 'input_invalid';
  constructor(
    readonly contract: string,
    readonly issues: readonly Issue[],
    cause?: unknown,
  ) {
    super(`input of ${contract}: ${listIssues(issues)}`, cause === undefined ? undefined : { cause });
  }
}

/** Why an input that was made elsewhere does not fit here. */
export interface Misfit {
  /** What it was made for; null: nobody said. */
  readonly madeFor: StampParts | null;
  /** Stamp of the contract that it met. */
  readonly here: Stamp;
  /**
   * - `newer`: made for a later version;
   * - `no_rule`: the contract has no migration from its version;
   * - `rule_failed`: a migration threw, or made what does not fit;
   * - `other_schema`: of this version, by another schema, and it does not fit this one;
   * - `unstated`: nobody said for what it was made, and it does not fit a contract that has had other versions.
   */
  readonly reason: 'newer' | 'no_rule' | 'rule_failed' | 'other_schema' | 'unstated';
}

/**
 * The input was made for another version or schema of the contract, and no rule here makes it fit. It may be right elsewhere: a worker
 * gives it to one that has that schema, or holds it for redrive.
 */
export class InputMisfitError extends InputInvalidError {
  readonly madeFor: StampParts | null;
  readonly here: Stamp;
  readonly reason: Misfit['reason'];
  constructor(contract: string, issues: readonly Issue[], misfit: Misfit, cause?: unknown) {
    super(contract, issues, cause);
    // One type for those who handle it: what differs is what becomes of the task.
    this.name = 'InputInvalidError';
    this.madeFor = misfit.madeFor;
    this.here = misfit.here;
    this.reason = misfit.reason;
  }
}

/** A handler returned, or reported as progress, what its contract does not allow: a bug of the handler. */
export class OutputInvalidError extends LovageError {
  readonly code = 'output_invalid';
  constructor(
    readonly contract: string,
    readonly issues: readonly Issue[],
  ) {
    super(`${contract} returned what its contract does not allow: ${listIssues(issues)}`);
  }
}

/** What a handler returned, reported as progress or declared as an error's data is larger than it may be. Not retried. */
export class ResultTooLarge extends LovageError {
  readonly code = 'result_too_large';
  constructor(
    readonly contract: string,
    /** What it is: `output`, `progress`, `error.data`. */
    readonly path: string,
    readonly maxBytes: number,
  ) {
    super(
      `${path} of ${contract} is larger than ${maxBytes} bytes as JSON, ` +
        (path === 'output'
          ? 'the limit of results (RESULT_LIMIT, or resultLimit of the contract): keep it in a file, and return where'
          : 'the limit of progress and of the data of errors'),
    );
  }
}

/** No contract of this name is known here. */
export class ContractUnknownError extends LovageError {
  readonly code = 'contract_unknown';
  constructor(readonly contract: string) {
    super(`no contract is named ${JSON.stringify(contract)}; GET /api/contracts lists those that are`);
  }
}

/**
 * A failure that the contract declares: callers get it typed, with data. Made by `contract.error('Type', data)`.
 * `K` is the declared name, `D` its data.
 */
export class DeclaredError<K extends string = string, D = unknown> extends LovageError {
  readonly code = 'declared_error';
  constructor(
    readonly type: K,
    readonly data: D,
    message: string,
    /** Name of the contract that declares it. Thrown by a handler of another contract, it is an error like any other. */
    readonly contract?: string,
  ) {
    super(message);
    this.name = type;
  }
}
