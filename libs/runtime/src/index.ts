export {
  HandlerDuplicateError,
  HandlerKindError,
  HandlerMissingError,
  HandlerTable,
  HandlerWithoutContractError,
  servedContract,
  type Handler,
} from './handlers.ts';
export type { BatchHandle, Handle } from './handler-binding.ts';
export type { WorkerOptions } from './options.ts';
export {
  BatchOutcomeMissing,
  LeaseLost,
  MaxRetriesExceeded,
  NotRegistered,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
  WorkerShutdown,
} from './run/abort-reasons.ts';
export type { EndedAttempt } from './record/ended.ts';
export { StepInvalidError, StepsUnavailableError } from './run/step-errors.ts';
export { celeryRequestOf } from './run/celery-request.ts';
export type { CeleryRequest } from './run/celery-request-shape.ts';
export { onAttemptOver, type SubmitChild } from './run/task-run.ts';
export type { BootChild, ChildApp } from './pools/child/child-app.ts';
export {
  ChildBootFailed,
  MemoryLimitExceeded,
  PoolUnavailableError,
  WorkerChildDied,
  type ChildDeath,
} from './pools/child-death.ts';
export type { ChildrenOptions, PoolsOptions } from './pools/child-options.ts';
export type { ChildCounts } from './pools/pool.ts';
export type { HeldTask, TaskEvent } from './task-events.ts';
export type { AutoscaleBounds } from './steer/autoscaler.ts';
export { TaskNotServedError, type WorkerSteering } from './steer/worker-steering.ts';
export { UnderWay } from './under-way.ts';
export { TaskWorker } from './worker.ts';
export type { WorkerDeps } from './worker-deps.ts';
export type { WorkerSignals } from './worker-signals.ts';
