import { LovageError } from '@lovage/foundation';

export type RefusalReason = 'address' | 'scheme' | 'credentials' | 'redirects';

const WHY: Readonly<Record<RefusalReason, string>> = {
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
    super(`${host} is not fetched: ${WHY[reason]}`);
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
}
