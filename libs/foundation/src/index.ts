export { backoffDelayMs, type BackoffKind, type BackoffPolicy } from './backoff.ts';
export { Batcher, type BatcherOptions } from './batcher.ts';
export { deferred, type Deferred } from './deferred.ts';
export { durationMs, type Duration } from './duration.ts';
export { hasCode, LovageError, toError } from './errors.ts';
export { isUuid, newId, uuidFrom } from './ids.ts';
export { Lifecycle, type Service } from './lifecycle.ts';
export { maskUrl } from './mask-url.ts';
export { Signal } from './signal.ts';
