import type { ErrorDetails } from '@lovage/foundation';
import type { EscapedKind, NewTask, TaskLogLevel } from '@lovage/ports';
import type { ChildOptions, ChildSubmitted } from '@lovage/task';
import type { CeleryRequest } from '../run/celery-request-shape.ts';
import type { ErrorWire } from './error-wire.ts';

// What a worker and its children say to each other, by structured clone: over IPC with a process, over a port with a thread.

/** A task as a child gets it. Claim, record and ack stay with the worker. */
export interface ChildTask {
  readonly id: string;
  readonly name: string;
  readonly retries: number;
  readonly isLastAttempt: boolean;
  /** ms since the epoch. */
  readonly scheduledFor: number | undefined;
  readonly newTask: Pick<NewTask, 'queue' | 'parentId' | 'rootId' | 'userId'>;
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
  /** Largest result, bytes as JSON, where the contract does not say it: a larger one never crosses. */
  readonly resultLimit: number | undefined;
  /** For `celeryRequestOf`. */
  readonly celery: CeleryRequest;
}

/** A task that a handler submits from within a child. */
export interface ChildSubmit {
  readonly contract: string;
  readonly input: unknown;
  readonly options: ChildOptions;
}

/** Most of them in one question. */
export const MOST_SUBMITS = 100;

/** What came of one of them. */
export type ChildAnswer = { readonly submitted: ChildSubmitted } | { readonly error: /** For `fromWire`. */ ErrorWire };

/** What a child asks of its worker and waits for. A further kind is a member here, its answer in `questions.ts`. */
export type Question =
  /** Answered by a {@link ChildAnswer} for each, in their order. */
  | { readonly kind: 'submit'; readonly tasks: readonly ChildSubmit[] }
  | { readonly kind: 'findStep'; readonly key: string }
  /** `value` is JSON text. */
  | { readonly kind: 'keepStep'; readonly key: string; readonly value: string };

/** Which of the attempts that a child process runs a message is of: the number of its entry. Threads run one at a time. */
export interface OfRun {
  readonly run?: number;
}

export type ToChild =
  | { readonly type: 'run'; readonly task: ChildTask }
  | { readonly type: 'abort'; readonly reason: ErrorWire }
  | { readonly type: 'answer'; readonly no: number; readonly value: unknown; readonly error?: ErrorWire }
  /** The attempt is over, and the child is about to be killed: what can be ended in order ends now. */
  | { readonly type: 'over'; readonly reason: ErrorWire }
  /** Ends the application, then the process. */
  | { readonly type: 'stop' };

/** Read by `readFromChild`. `error` is an {@link ErrorWire}, for `fromWire`. */
export type FromChild =
  /** The application is booted. */
  | { readonly type: 'ready' }
  /** It is not, and never will be. */
  | { readonly type: 'unable'; readonly error: unknown }
  | { readonly type: 'begun' }
  /** `progress` is JSON text, valid by the contract. */
  | { readonly type: 'progress'; readonly progress: string }
  | {
      readonly type: 'log';
      readonly level: TaskLogLevel;
      readonly message: string;
      /** Plain values. */
      readonly fields: Record<string, unknown>;
    }
  /** What could be ended of an attempt that is over has ended. */
  | { readonly type: 'over' }
  | { readonly type: 'ask'; readonly no: number; readonly question: Question }
  | Escaped
  | AttemptEnd;

/** An error that nobody caught in the child. After an `exception` it takes no further task. */
export interface Escaped {
  readonly type: 'escaped';
  readonly kind: EscapedKind;
  /** What is known of it. */
  readonly error: ErrorDetails;
  /** Whose code it came from; empty: none could be told. */
  readonly tasks: readonly { readonly id: string; readonly name: string; readonly attempt: number }[];
}

export type AttemptEnd = {
  /** Resident memory of the child's process, bytes. */
  readonly memory: number;
  /** The child takes no further task. */
  readonly last: boolean;
} & (
  | { readonly type: 'succeeded'; /** JSON text. */ readonly result: string }
  /** A `FailureWire`, for `failureFromWire`. */
  | { readonly type: 'failed'; readonly failure: unknown }
);
