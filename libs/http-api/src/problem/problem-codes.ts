/**
 * Every problem the API answers, by its stable code: HTTP status and a title for people. What is wrong in one case stands
 * in the problem's `detail` and `errors`. `docs/rest.md` lists them all, and a test holds the two together.
 */
export const PROBLEM_CODES = {
  url_malformed: { status: 400, title: 'The URL cannot be read' },
  http_malformed: { status: 400, title: 'The request is not HTTP' },
  json_malformed: { status: 400, title: 'The body is not JSON' },
  json_too_deep: { status: 400, title: 'The body is nested too deeply' },
  json_key_forbidden: { status: 400, title: 'The body has a key that is not allowed anywhere' },
  unauthenticated: { status: 401, title: 'Log in first' },
  refresh_invalid: { status: 401, title: 'The refresh token is not valid, or no longer' },
  credentials_wrong: { status: 401, title: 'E-mail or password is wrong' },
  forbidden: { status: 403, title: 'Your role does not allow this' },
  route_unknown: { status: 404, title: 'There is no such route' },
  contract_unknown: { status: 404, title: 'There is no such contract' },
  task_unknown: { status: 404, title: 'There is no such task' },
  file_unknown: { status: 404, title: 'There is no such file' },
  user_unknown: { status: 404, title: 'There is no such user' },
  api_key_unknown: { status: 404, title: 'There is no such API key' },
  method_not_allowed: { status: 405, title: 'The route does not take this method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  file_exists: { status: 409, title: 'There is a file of this path' },
  email_taken: { status: 409, title: 'Another user has this e-mail' },
  last_admin: { status: 409, title: 'This is the last administrator' },
  body_too_large: { status: 413, title: 'The body is too large' },
  url_too_long: { status: 414, title: 'The URL is too long' },
  media_type_unsupported: { status: 415, title: 'The body must be of another type' },
  range_unsatisfiable: { status: 416, title: 'The range lies behind the end of the file' },
  query_invalid: { status: 422, title: 'The query does not fit' },
  file_path_invalid: { status: 422, title: 'This is not a path of a file' },
  body_invalid: { status: 422, title: 'The body does not fit' },
  input_invalid: { status: 422, title: 'The input does not fit the contract' },
  options_invalid: { status: 422, title: 'The options do not fit' },
  queue_unknown: { status: 422, title: 'There is no such queue' },
  header_invalid: { status: 422, title: 'A header does not fit' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for something else' },
  too_many_logins: { status: 429, title: 'Too many attempts to log in' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  store_unavailable: { status: 503, title: 'The database cannot be reached' },
  broker_unavailable: { status: 503, title: 'The broker took nothing' },
  busy: { status: 503, title: 'Too much at once' },
  stopping: { status: 503, title: 'This server is stopping' },
  storage_full: { status: 507, title: 'There is no room left' },
} as const satisfies Record<string, { status: number; title: string }>;

/** Stable code of a problem; what programs tell problems apart by. */
export type ProblemCode = keyof typeof PROBLEM_CODES;
