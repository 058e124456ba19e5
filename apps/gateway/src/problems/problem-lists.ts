import type { ProblemCode } from '@lovage/http-api';

/** Problems of every route that takes a JSON body. */
export const BODY_PROBLEMS = [
  'json_malformed',
  'json_too_deep',
  'body_too_large',
  'media_type_unsupported',
  'body_invalid',
] as const satisfies readonly ProblemCode[];

/** Problems of a submit, by the contract's own route or by its name. */
export const SUBMIT_PROBLEMS = [
  ...BODY_PROBLEMS,
  'input_invalid',
  'options_invalid',
  'queue_unknown',
  'header_invalid',
  'too_many_submits',
  'idempotency_key_reused',
  'task_not_unique',
  'store_unavailable',
  'broker_unavailable',
] as const satisfies readonly ProblemCode[];
