import type { IncomingHttpHeaders } from 'node:http';
import { statusError } from './errors.ts';

/** What a server has answered, with all of its body. */
export class WebAnswer {
  constructor(
    /** That answered in the end, after redirects. */
    readonly url: string,
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    /** Without the coding (gzip, deflate, br) that the server may have put on it. */
    readonly body: Buffer,
  ) {}

  /** A status of 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The body as UTF-8. */
  text(): string {
    return this.body.toString();
  }

  /** The body as JSON, of any shape: parse it with a schema. @throws SyntaxError */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /**
   * The answer itself, when it is ok.
   * @throws FetchFailedError for 5xx, 408, 425 and 429: a task that lets it through is tried again by its policy, not before the time
   *   of a `Retry-After`. HttpStatusError for any other.
   */
  requireOk(): this {
    if (!this.ok) throw statusError(this.url, this.status, this.headers['retry-after']);
    return this;
  }
}
