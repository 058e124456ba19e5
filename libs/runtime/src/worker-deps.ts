import type {
  Broker,
  Clock,
  ContractStore,
  DeadLetterStore,
  LimitStore,
  Log,
  MessageHoldings,
  OutboxStore,
  OutgoingMessage,
  QueueStore,
  StepStore,
  TaskCanvas,
  TaskLogSink,
  TaskRow,
  TaskStore,
  WorkerLease,
} from '@lovage/ports';
import type { AnyContract } from '@lovage/task';
import type { HandlerTable } from './handlers.ts';
import type { SubmitChild } from './run/task-run.ts';

/** What a worker needs of its surroundings. What may be left out turns off what needs it. */
export interface WorkerDeps {
  readonly broker: Broker;
  readonly tasks: TaskStore;
  /**
   * Proof of life; its `onLost` must call `TaskWorker.leaseLost`. The worker starts and stops it.
   */
  readonly lease: WorkerLease;
  readonly handlers: HandlerTable;
  readonly log: Log;
  /** Keeps what handlers log with their tasks; without it `task.log` goes to {@link log} alone. */
  readonly logs?: TaskLogSink;
  /** Keeps the steps of tasks; without it `task.once` rejects. */
  readonly steps?: StepStore;
  /** Knows which queues are paused; without it none is. */
  readonly queues?: Pick<QueueStore, 'paused'>;
  /** Asks which messages it holds; without it the queues of this worker are not searched for lost messages. */
  readonly holdings?: MessageHoldings;
  /** Concurrency and rate limits over all workers; without it none holds. */
  readonly limits?: LimitStore;
  /**
   * Holds tasks for redrive whose input was made for another version of the contract and fits no rule; without it they end, and their
   * messages are dead-lettered.
   */
  readonly deadLetters?: Pick<DeadLetterStore, 'hold'>;
  /** Remembers which input schemas were served; without it every other schema is taken for one of the past. */
  readonly contracts?: Pick<ContractStore, 'served' | 'past'>;
  /** With {@link messageOf}: slots that come free here are handed over at once; without them the relay sends who gets one. */
  readonly outbox?: Pick<OutboxStore, 'leaseDue' | 'published' | 'release'>;
  /** Makes the message of a row: `messageOfRow` of libs/client. */
  readonly messageOf?: (row: TaskRow) => OutgoingMessage;
  /** Runs what messages of Celery programs ask for after their tasks; without it such messages are refused. */
  readonly canvas?: TaskCanvas | undefined;
  readonly clock?: Clock;
  /** Lets handlers submit tasks; without it `task.submit` rejects. */
  readonly submitChild?: SubmitChild;
  /** Contracts that handlers in children may submit. Default: those that this worker serves. */
  readonly contract?: (name: string) => AnyContract | undefined;
}
