import { LovageError } from '@lovage/foundation';

/** 4xx that may pass: too slow, too early, too much. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

export type RefusalReason = 'address' | 'scheme' | 'credentials' | 'redirects';

const EXPLANATION: Readonly<Record<RefusalReason, string>> = {
  address: 'its address is not public; FILES_ALLOW_HOSTS may name it',
  scheme: 'only http and https are fetched',
  credentials: 'the URL holds a user or a password',
  redirects: 'too many redirects',
};

/** A URL, or what it redirects to, that is not fetched. Nothing was sent to that host. */
export class UrlRefusedError extends LovageError {
  readonly code = 'url_refused';
  constructor(
    readonly host: string,
    readonly reason: RefusalReason,
  ) {
    super(`${host} is not fetched: ${EXPLANATION[reason]}`);
  }
}

/** A server that says no, and will say so again. */
export class HttpStatusError extends LovageError {
  readonly code = 'http_status';
  constructor(
    readonly host: string,
    readonly status: number,
  ) {
    super(`${host} answered ${status}`);
  }
}

/** A fetch that failed in a way that may pass: no connection, a lost one, silence, a server in trouble. */
export class FetchFailedError extends LovageError {
  readonly code = 'fetch_failed';
  /** The `Retry-After` of the server, as it stands in the header. A retry of the task is not before it. */
  readonly retryAfter: string | undefined;

  constructor(
    message: string,
    { retryAfter, ...options }: ErrorOptions & { readonly retryAfter?: string | undefined } = {},
  ) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** A server that sends its content in a coding that is not undone, although it was asked for none. */
export class EncodingRefusedError extends LovageError {
  readonly code = 'encoding_refused';
  constructor(
    readonly host: string,
    readonly encoding: string,
  ) {
    super(`${host} sends Content-Encoding ${JSON.stringify(encoding)}; only gzip, deflate and br are decoded`);
  }
}

/** What an answer that is not the one hoped for comes to. @param retryAfter header of the answer */
export function statusError(
  url: string,
  status: number,
  retryAfter: string | undefined,
): FetchFailedError | HttpStatusError {
  const { host } = new URL(url);
  if (status >= 500 || PASSING.has(status)) return new FetchFailedError(`${host} answered ${status}`, { retryAfter });
  return new HttpStatusError(host, status);
}
