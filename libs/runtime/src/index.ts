export {
  HandlerDuplicateError,
  HandlerMissingError,
  HandlerTable,
  HandlerWithoutContractError,
  type Handle,
} from './handlers.ts';
export type { WorkerOptions } from './options.ts';
export {
  LeaseLost,
  MaxRetriesExceeded,
  NotRegistered,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
  WorkerShutdown,
} from './run/abort-reasons.ts';
export type { EndedAttempt } from './record/ended-attempt.ts';
export type { SubmitChild } from './run/task-run.ts';
export { TaskWorker, type WorkerDeps, type WorkerSignals } from './worker.ts';
