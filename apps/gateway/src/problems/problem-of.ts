import { ForbiddenException, HttpException } from '@nestjs/common';
import type { SubmitOptionsError, TaskNotUniqueError } from '@lovage/client';
import { hasCode } from '@lovage/foundation';
import type { ProblemCode } from '@lovage/http-api';
import { MAX_ISSUES, type InputInvalidError, type Issue } from '@lovage/task';
import { fastifyProblem } from './fastify-problems.ts';
import { ProblemError } from './problem-error.ts';

export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;
  /** Of the conflicting task. */
  readonly taskId?: string;
}

/** Errors of `libs/files`, and what they are to a client. */
const FILE_PROBLEMS: Readonly<Record<string, ProblemCode>> = {
  file_missing: 'file_unknown',
  file_exists: 'file_exists',
  file_path_invalid: 'file_path_invalid',
  file_too_large: 'body_too_large',
  files_over_quota: 'files_over_quota',
  storage_full: 'storage_full',
};

const RETRY_SOON = { 'retry-after': '1' };

/** What a request is answered when this was thrown. `internal_error` for what nobody foresaw: its message stays inside. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ProblemError)
    return problem(thrown.code, thrown.message, { errors: thrown.errors, headers: thrown.headers });
  // Nest wraps Fastify's errors.
  const cause = thrown instanceof HttpException ? thrown.cause : thrown;
  const ofFastify = fastifyProblem(cause);
  if (ofFastify) return problem(ofFastify.code, ofFastify.detail);
  if (thrown instanceof ForbiddenException) return problem('forbidden', 'your role does not allow this');
  return ofPlatform(thrown) ?? problem('internal_error', 'an error that nobody foresaw; the server’s log tells more');
}

/** Errors of the client and the stores, by their stable code. */
function ofPlatform(error: unknown): Problem | undefined {
  if (hasCode(error, 'contract_unknown')) return problem('contract_unknown', error.message);
  if (hasCode(error, 'input_invalid')) return ofInput(error as InputInvalidError);
  if (hasCode(error, 'mapping_invalid')) return oneError('input_invalid', 'mapping', error.message);
  if (hasCode(error, 'submit_options_invalid')) return ofOption(error as SubmitOptionsError);
  if (hasCode(error, 'idempotency_key_reused')) return problem('idempotency_key_reused', error.message);
  if (hasCode(error, 'task_not_unique')) return ofNotUnique(error as TaskNotUniqueError);
  if (hasCode(error, 'unroutable')) return oneError('queue_unknown', 'options.queue', error.message);
  const ofFile = FILE_PROBLEMS[(error as { code?: string } | undefined)?.code ?? ''];
  if (ofFile) return problem(ofFile, (error as Error).message);
  if (hasCode(error, 'store_unavailable'))
    return problem('store_unavailable', `${error.message}; try again`, { headers: RETRY_SOON });
  if (hasCode(error, 'store_busy')) return problem('store_busy', error.message, { headers: RETRY_SOON });
  if (hasCode(error, 'confirm_lost'))
    return problem(
      'broker_unavailable',
      'the broker went away before it confirmed, and Postgres is away too: the task may run or not. With an Idempotency-Key it is safe to try again',
      { headers: RETRY_SOON },
    );
  if (hasCode(error, 'publish_refused') || hasCode(error, 'broker_unavailable'))
    return problem('broker_unavailable', 'the broker took nothing; nothing was stored, try again', {
      headers: RETRY_SOON,
    });
  if (hasCode(error, 'client_stopped'))
    return problem('stopping', 'this server is stopping; try again', { headers: RETRY_SOON });
  return undefined;
}

function ofInput(error: InputInvalidError): Problem {
  const { length } = error.issues;
  const many = length < MAX_ISSUES ? length : `${MAX_ISSUES} or more`;
  const detail = `${length === 1 ? 'one thing is' : `${many} things are`} wrong with the input of ${error.contract}`;
  return problem('input_invalid', detail, { errors: error.issues });
}

function ofOption({ option, message }: SubmitOptionsError): Problem {
  return option === 'idempotencyKey'
    ? oneError('header_invalid', 'headers.idempotency-key', message)
    : oneError('options_invalid', `options.${option}`, message);
}

function ofNotUnique({ message, taskId }: TaskNotUniqueError): Problem {
  return { ...problem('task_not_unique', message, { headers: { location: `/api/tasks/${taskId}` } }), taskId };
}

function oneError(code: ProblemCode, path: string, message: string): Problem {
  return problem(code, message, { errors: [{ path, message }] });
}

function problem(
  code: ProblemCode,
  detail: string,
  more: { errors?: readonly Issue[]; headers?: Readonly<Record<string, string>> } = {},
): Problem {
  return { code, detail, errors: (more.errors ?? []).slice(0, MAX_ISSUES), headers: more.headers ?? {} };
}
