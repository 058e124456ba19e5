import { LovageError } from '@lovage/foundation';

/** What a message asks for cannot be done: to a Celery caller an exception of that name. */
export class CanvasError extends LovageError {
  readonly code = 'canvas_failed';
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}
