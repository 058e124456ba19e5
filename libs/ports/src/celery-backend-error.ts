import { LovageError } from '@lovage/foundation';

/** Celery's result backend is away, or refused a command. */
export class CeleryBackendError extends LovageError {
  readonly code = 'celery_backend_unavailable';
}
