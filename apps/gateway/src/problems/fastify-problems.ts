import type { ProblemCode } from '@lovage/http-api';

/** Fastify's own refusals, by their code. */
const BY_CODE: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    detail: 'the body is larger than this route takes: BODY_LIMIT, and 4 KiB on routes that need no login',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'media_type_unsupported',
    detail: 'send JSON, with the header Content-Type: application/json',
  },
  FST_ERR_CTP_EMPTY_TYPE: {
    code: 'media_type_unsupported',
    detail: 'send JSON, with the header Content-Type: application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'http_malformed',
    detail: 'the body is not as long as Content-Length says',
  },
  FST_ERR_BAD_URL: { code: 'url_malformed', detail: 'the path holds an escape that is no UTF-8' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'url_too_long', detail: 'a part of the path is too long to be a name or an id' },
};

/** Undefined for an error that Fastify does not blame on the request. */
export function fastifyProblem(error: unknown): { code: ProblemCode; detail: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? BY_CODE[code] : undefined;
  if (known) return known;
  // What is left below 500 comes from reading the request: a body that broke off, a method or header that cannot be.
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    ? { code: 'http_malformed', detail: error.message }
    : undefined;
}
