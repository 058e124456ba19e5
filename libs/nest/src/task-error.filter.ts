import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/**
 * Lets what a handler threw reach the engine as it is. Nest's own last filter would replace it by "Internal server error",
 * and with it the declared errors, retries and snoozes. Filters of the application come first.
 */
@Catch()
export class TaskErrorFilter implements RpcExceptionFilter<unknown> {
  catch(thrown: unknown): Observable<never> {
    return throwError(() => thrown);
  }
}
