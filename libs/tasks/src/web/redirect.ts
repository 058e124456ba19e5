/** A request of the web client. */
export interface WebRequest {
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Redirects that are followed, at most 5. Default 5. 0: an answer that redirects is the answer. */
  readonly redirects?: number;
}

/** Headers that tell who asks: for the host that they were given for, and no other. */
const FOR_ONE_HOST = /^(?:authorization|cookie|proxy-authorization)$|secret|signature|token|api-?key/i;
const OF_A_BODY = /^content-/i;

/**
 * The request as it goes on after a redirect, as browsers do it: 307 and 308 keep method and body; of the others 303, and a POST,
 * become a GET.
 * @param elsewhere to another scheme, host or port
 */
export function redirected(request: WebRequest, status: number, elsewhere: boolean): WebRequest {
  const { method = 'GET', headers = {}, body, ...rest } = request;
  const becomesGet = (status === 303 && method !== 'HEAD') || (status < 303 && method === 'POST');
  const kept = Object.entries(headers).filter(
    ([name]) => !(elsewhere && FOR_ONE_HOST.test(name)) && !(becomesGet && OF_A_BODY.test(name)),
  );
  const next = { ...rest, headers: Object.fromEntries(kept) };
  return becomesGet ? { ...next, method: 'GET' } : { ...next, method, ...(body !== undefined && { body }) };
}
