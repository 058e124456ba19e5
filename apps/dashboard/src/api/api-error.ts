import type { ProblemCode, ProblemDocument } from '@lovage/http-api';

/** What a request failed with: a problem of the gateway, or that nobody answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  private constructor(
    /** Stable code; `unreachable`: no gateway answered. */
    readonly code: ProblemCode | 'unreachable' | 'answer_unreadable',
    /** HTTP status; 0: none. */
    readonly status: number,
    readonly title: string,
    /** What is wrong in this case, and what to do. */
    readonly detail: string,
    /** Each thing wrong with what was sent, with its path, such as `input.x`. */
    readonly errors: ProblemDocument['errors'],
    /** To search the gateway's log for. */
    readonly requestId: string | undefined,
    /** Of `task_not_unique`: the task that conflicts. */
    readonly taskId: string | undefined,
  ) {
    super(`${title}: ${detail}`);
  }

  static of(problem: ProblemDocument): ApiError {
    const { code, status, title, detail, errors, requestId, taskId } = problem;
    return new ApiError(code, status, title, detail, errors, requestId, taskId);
  }

  static unreachable(): ApiError {
    const detail = 'Either it is away or the network is. Nothing is lost; the page goes on when it is back.';
    return new ApiError('unreachable', 0, 'The gateway does not answer', detail, [], undefined, undefined);
  }

  /** An answer that is no problem document: something between here and the gateway spoke. */
  static unreadable(status: number, requestId: string | undefined): ApiError {
    const detail = `The answer (status ${status}) is not one of the gateway.`;
    return new ApiError('answer_unreadable', status, 'The answer cannot be read', detail, [], requestId, undefined);
  }

  /** Another try may help, without anybody doing anything. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}
