/** Why a message is no task. Stable; listed in `docs/errors.md`. */
export const REJECT_CODES = [
  'content_type_missing',
  'content_type_unsupported',
  'content_encoding_unsupported',
  'compression_unsupported',
  'compression_invalid',
  'body_too_large',
  'body_not_utf8',
  'body_not_json',
  'body_number_not_finite',
  'body_number_inexact',
  'body_too_deep',
  'body_key_forbidden',
  'body_not_array',
  'body_arity_invalid',
  'typed_value_unknown',
  'typed_value_invalid',
  'task_missing',
  'task_invalid',
  'id_missing',
  'id_invalid',
  'args_invalid',
  'kwargs_invalid',
  'embed_invalid',
  'canvas_invalid',
  'canvas_unsupported',
  'eta_invalid',
  'expires_invalid',
  'timelimit_invalid',
  'retries_invalid',
  'generation_invalid',
  'new_task_invalid',
  'headers_invalid',
  'message_unreadable',
] as const;

export type RejectCode = (typeof REJECT_CODES)[number];

/** Thrown inside the decoder only; it never leaves this library. */
export class MalformedError extends Error {
  constructor(
    readonly code: RejectCode,
    reason: string,
  ) {
    super(reason);
  }
}
