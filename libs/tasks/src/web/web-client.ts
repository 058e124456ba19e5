import type { LookupAddress } from 'node:dns';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { FileTooLargeError } from '@lovage/files';
import { durationMs, hasCode, toError, type Duration } from '@lovage/foundation';
import { systemClock, type Clock } from '@lovage/ports';
import { isPublicAddress } from './addresses.ts';
import { AllowedHosts } from './allowed-hosts.ts';
import { decoderOf } from './content-encoding.ts';
import { FetchFailedError, statusError, UrlRefusedError } from './errors.ts';
import { headerText } from './header-text.ts';
import { HostNames, type Resolve } from './host-names.ts';
import { Patience } from './patience.ts';
import { redirected, type WebRequest } from './redirect.ts';
import { WebAnswer } from './web-answer.ts';

export interface WebClientOptions {
  /** Hosts whose addresses are not looked at. */
  readonly allowHosts: readonly string[];
  /** Default: {@link HostNames}, one for all clients of the process. */
  readonly resolve?: Resolve;
  /** Which addresses may be connected to. Default: those of the public internet. */
  readonly isPublic?: (address: string) => boolean;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** A request whose answer is wanted as a whole. */
export interface FetchOptions extends WebRequest {
  /** `task.signal`: ends the request when the attempt is to end. */
  readonly signal: AbortSignal;
  /** For all of it, from the look-up of the name to the last byte. Default 30 s. */
  readonly timeout?: Duration;
  /** Largest body that is accepted, decoded, bytes. Default 1 MiB: it is held in memory. */
  readonly maxBytes?: number;
}

const MAX_REDIRECTS = 5;
const MAX_FETCHED = 1024 ** 2;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Finding the name, connecting and TLS; then the headers; then between two pieces of the body. */
const CONNECT_MS = 10_000;
const HEADERS_MS = 30_000;
const BODY_IDLE_MS = 30_000;

/** Its bounds are those of the process's thread pool. */
const hostNames = new HostNames();

/**
 * Fetches from the public web on behalf of others: a host is reached only at addresses that were found to be public, and
 * the connection goes to those and no others, whatever the name resolves to a moment later. So at every redirect.
 */
export class WebClient {
  private readonly allowed: AllowedHosts;
  private readonly resolve: Resolve;
  private readonly isPublic: (address: string) => boolean;
  private readonly clock: Clock;

  constructor(options: WebClientOptions) {
    this.allowed = new AllowedHosts(options.allowHosts);
    this.resolve = options.resolve ?? hostNames.resolve;
    this.isPublic = options.isPublic ?? isPublicAddress;
    this.clock = options.clock ?? systemClock;
  }

  /**
   * A request and its whole answer, whatever its status: see {@link WebAnswer.requireOk}.
   * @throws UrlRefusedError FetchFailedError EncodingRefusedError FileTooLargeError, or why the signal was aborted
   */
  async fetch(url: string, options: FetchOptions): Promise<WebAnswer> {
    const { signal, timeout = '30s', maxBytes = MAX_FETCHED, ...request } = options;
    const patience = new Patience(this.clock, signal, durationMs(timeout));
    try {
      const { response, url: last } = await this.open(url, patience, request);
      const chunks: Buffer[] = [];
      let bytes = 0;
      // To a HEAD none comes, whatever the headers say of it.
      if (request.method?.toUpperCase() === 'HEAD') response.destroy();
      else
        for await (const chunk of bodyOf(response, last, patience)) {
          bytes += chunk.length;
          if (bytes > maxBytes) throw new FileTooLargeError(maxBytes);
          chunks.push(chunk);
        }
      return new WebAnswer(last, response.statusCode!, response.headers, Buffer.concat(chunks));
    } finally {
      patience.close();
    }
  }

  /**
   * The answer to a GET, after redirects; its body is still to be read, or to be destroyed.
   * @throws UrlRefusedError FetchFailedError, or why the patience's signal was aborted
   */
  async get(url: string, patience: Patience, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    return (await this.open(url, patience, { headers })).response;
  }

  /** The same for any request, and the URL that answered. */
  async open(
    url: string,
    patience: Patience,
    given: WebRequest,
  ): Promise<{ readonly response: IncomingMessage; readonly url: string }> {
    const most = Math.min(given.redirects ?? MAX_REDIRECTS, MAX_REDIRECTS);
    let current = parsed(url);
    let request: WebRequest = { ...given, method: (given.method ?? 'GET').toUpperCase() };
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.request(current, patience, request);
      const status = response.statusCode!;
      if (most === 0 || !REDIRECTS.has(status) || response.headers.location === undefined)
        return { response, url: current.href };
      response.destroy();
      if (redirects === most) throw new UrlRefusedError(current.host, 'redirects');
      const location = headerText(response.headers.location);
      if (!URL.canParse(location, current.href))
        throw new FetchFailedError(`${current.host} redirects to what is no URL`);
      const next = parsed(new URL(location, current.href).href);
      request = redirected(request, status, next.origin !== current.origin);
      current = next;
    }
  }

  private async request(
    url: URL,
    patience: Patience,
    { method = 'GET', headers, body }: WebRequest,
  ): Promise<IncomingMessage> {
    patience.expect(`a connection to ${url.host}`, CONNECT_MS);
    const addresses = await this.checkedAddresses(url, patience);
    const options: RequestOptions = {
      method,
      // A connection for this request alone: a kept one could lead where another request was allowed to go.
      agent: false,
      lookup: pinnedTo(addresses),
      headers: {
        'user-agent': 'lovage',
        accept: '*/*',
        'accept-encoding': 'identity',
        ...headers,
        // Always: Node sends a body of DELETE or GET without any length, and a server would take it for the next request.
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      },
      signal: patience.signal,
    };
    return new Promise<IncomingMessage>((resolve, reject) => {
      const request = url.protocol === 'https:' ? https.request(url, options) : http.request(url, options);
      const ready = () => patience.expect(`an answer of ${url.host}`, HEADERS_MS);
      request.once('socket', (socket) => socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', ready));
      request.once('response', (response) => {
        patience.expect(`the next piece of the body from ${url.host}`, BODY_IDLE_MS);
        // The reader of the body gets its errors; nobody reads that of a redirect.
        response.on('error', () => undefined);
        resolve(response);
      });
      request.on('error', (error) => reject(asFetchError(error, url, patience)));
      request.end(body);
    });
  }

  /** @throws UrlRefusedError when any of the host's addresses is not public: such a name is not to be trusted at all */
  private async checkedAddresses(url: URL, patience: Patience): Promise<LookupAddress[]> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const family = isIP(host);
    const allowed = this.allowed.has(url);
    // Before a look-up begins: nobody would take what one that fails at once has to say.
    patience.check();
    const addresses =
      family === 0
        ? await patience
            .until(this.resolve(host, { signal: patience.signal, local: allowed }))
            .catch((error: unknown) => Promise.reject(asFetchError(error, url, patience)))
        : [{ address: host, family }];
    if (addresses.length === 0) throw new FetchFailedError(`${url.host} has no address`);
    if (!allowed && !addresses.every(({ address }) => this.isPublic(address)))
      throw new UrlRefusedError(url.host, 'address');
    return addresses;
  }
}

/** @throws HttpStatusError FetchFailedError for an answer that brings no file */
export function refuseStatus(response: IncomingMessage, url: string): never {
  response.destroy();
  throw statusError(url, response.statusCode!, response.headers['retry-after']);
}

/**
 * The body, piece by piece, without the coding that the server put on it.
 * @throws FetchFailedError when it breaks off EncodingRefusedError, or why the patience's signal was aborted
 */
export async function* bodyOf(response: IncomingMessage, url: string, patience: Patience): AsyncGenerator<Buffer> {
  const { host } = new URL(url);
  let body: Readable = response;
  try {
    const decoder = decoderOf(response, host);
    // Its errors come out of the loop below.
    if (decoder) body = pipeline(response, decoder, () => undefined);
    for await (const chunk of body) {
      patience.check();
      yield chunk as Buffer;
      // From here on: writing what came may take its time, which is not the server's silence.
      patience.expect(`the next piece of the body from ${host}`, BODY_IDLE_MS);
    }
  } catch (error) {
    patience.check();
    if (hasCode(error, 'encoding_refused')) throw error;
    throw new FetchFailedError(`the line to ${host} broke`, { cause: error });
  } finally {
    body.destroy();
    response.destroy();
  }
}

function parsed(text: string): URL {
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UrlRefusedError(url.host || url.protocol, 'scheme');
  if (url.username !== '' || url.password !== '') throw new UrlRefusedError(url.host, 'credentials');
  return url;
}

/** Answers every look-up with the addresses that were checked. */
function pinnedTo(addresses: readonly LookupAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const fitting = options.family ? addresses.filter(({ family }) => family === options.family) : addresses;
    const [first] = fitting;
    if (!first) return callback(Object.assign(new Error('no address of this family'), { code: 'ENOTFOUND' }), []);
    if (options.all) callback(null, [...fitting]);
    else callback(null, first.address, first.family);
  };
}

function asFetchError(error: unknown, url: URL, patience: Patience): Error {
  if (patience.signal.aborted) return patience.signal.reason as Error;
  const { message } = toError(error);
  return new FetchFailedError(`${url.host} cannot be reached: ${message}`, { cause: error });
}
