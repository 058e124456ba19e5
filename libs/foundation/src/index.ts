export { boundedJson, JsonTooLargeError, NotJsonError } from './bounded-json.ts';
export { backoffDelayMs, type BackoffKind, type BackoffPolicy } from './backoff.ts';
export { InexactNumber, mayChangeNumbers, parseExactJson, pathOf, withBigintsAsText } from './exact-json.ts';
export { BatchQueue, type BatchQueueOptions } from './batch-queue.ts';
export { Batcher, type BatcherOptions } from './batcher.ts';
export { RecyclingMap } from './recycling-map.ts';
export { closest } from './closest.ts';
export { deferred, type Deferred } from './deferred.ts';
export { durationMs, type Duration } from './duration.ts';
export { causeLines, errorLine, stackWithCauses } from './error-text.ts';
export { hasCode, LovageError, toError } from './errors.ts';
export {
  errorDetails,
  fieldOf,
  fitText,
  isA,
  isError,
  MAX_ERROR_DEPTH,
  MAX_ERROR_ERRORS,
  MAX_ERROR_MESSAGE,
  MAX_ERROR_STACK,
  MAX_ERROR_TYPE,
  plainFields,
  plainOf,
  textOf,
  type ErrorDetails,
  type PlainBounds,
} from './foreign.ts';
export { failureText, stackFrames } from './failure-text.ts';
export {
  addHistogram,
  bucketOf,
  BUCKETS_PER_DOUBLING,
  LAST_BUCKET,
  middleOf,
  percentiles,
  sizeOf,
  type Histogram,
} from './histogram.ts';
export { isolate, type Isolation } from './isolate.ts';
export { isUuid, madeAtOf, newId, uuidFrom } from './ids.ts';
export { Lifecycle, type Service } from './lifecycle.ts';
export { Limiter } from './limiter.ts';
export { mapWindow, type Attempted } from './map-window.ts';
export { maskUrl } from './mask-url.ts';
export { isInternalQueue, isQueueText, QUEUE_TEXT, QUEUE_TEXT_RULE } from './queue-text.ts';
export { isTaskPriority, TASK_PRIORITY_RULE } from './task-priority.ts';
export { plainArray, textArray } from './postgres/array-literal.ts';
export {
  endsSession,
  isBadValue,
  isCanceled,
  isHopeless,
  isMissingTable,
  isOutage,
  isReadOnly,
  isTransient,
  sqlClass,
  sqlState,
} from './postgres/sql-state.ts';
export { Signal } from './signal.ts';
export { RouteRuleError, TaskRoutes, type RouteRule } from './task-routes.ts';
