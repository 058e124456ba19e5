import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { hasCode, toError } from '@lovage/foundation';
import { isPublicAddress } from './addresses.ts';
import { AllowedHosts } from './allowed-hosts.ts';
import { decoderOf } from './content-encoding.ts';
import { FetchFailedError, HttpStatusError, UrlRefusedError } from './errors.ts';
import { headerText } from './header-text.ts';
import type { Patience } from './patience.ts';

/** Every address of a host name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export interface WebClientOptions {
  /** Hosts whose addresses are not looked at. */
  readonly allowHosts: readonly string[];
  /** Default: as the system resolves names. */
  readonly resolve?: Resolve;
  /** Which addresses may be connected to. Default: those of the public internet. */
  readonly isPublic?: (address: string) => boolean;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** 4xx that may pass: too slow, too early, too much. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);
/** Finding the name, connecting and TLS; then the headers; then between two pieces of the body. */
const CONNECT_MS = 10_000;
const HEADERS_MS = 30_000;
const BODY_IDLE_MS = 30_000;

const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true });

/**
 * Fetches from the public web on behalf of others: a host is reached only at addresses that were found to be public, and
 * the connection goes to those and no others, whatever the name resolves to a moment later. So at every redirect.
 */
export class WebClient {
  private readonly allowed: AllowedHosts;
  private readonly resolve: Resolve;
  private readonly isPublic: (address: string) => boolean;

  constructor(options: WebClientOptions) {
    this.allowed = new AllowedHosts(options.allowHosts);
    this.resolve = options.resolve ?? systemResolve;
    this.isPublic = options.isPublic ?? isPublicAddress;
  }

  /**
   * The answer to a GET, after redirects; its body is still to be read, or to be destroyed.
   * @throws UrlRefusedError FetchFailedError, or why the patience's signal was aborted
   */
  async get(url: string, patience: Patience, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    let current = parsed(url);
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.request(current, patience, headers);
      if (!REDIRECTS.has(response.statusCode!) || response.headers.location === undefined) return response;
      const location = headerText(response.headers.location);
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw new UrlRefusedError(current.host, 'redirects');
      if (!URL.canParse(location, current.href))
        throw new FetchFailedError(`${current.host} redirects to what is no URL`);
      current = parsed(new URL(location, current.href).href);
    }
  }

  private async request(
    url: URL,
    patience: Patience,
    headers: Readonly<Record<string, string>>,
  ): Promise<IncomingMessage> {
    patience.expect(`a connection to ${url.host}`, CONNECT_MS);
    const addresses = await this.checkedAddresses(url, patience);
    const options: RequestOptions = {
      // A connection for this request alone: a kept one could lead where another request was allowed to go.
      agent: false,
      lookup: pinnedTo(addresses),
      headers: { 'user-agent': 'lovage', accept: '*/*', 'accept-encoding': 'identity', ...headers },
      signal: patience.signal,
    };
    return new Promise<IncomingMessage>((resolve, reject) => {
      const request = url.protocol === 'https:' ? https.request(url, options) : http.request(url, options);
      const ready = () => patience.expect(`an answer of ${url.host}`, HEADERS_MS);
      request.once('socket', (socket) => socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', ready));
      request.once('response', (response) => {
        patience.expect(`the next piece of the body from ${url.host}`, BODY_IDLE_MS);
        // Whoever reads the body gets its errors; nobody reads that of a redirect.
        response.on('error', () => undefined);
        resolve(response);
      });
      request.on('error', (error) => reject(asFetchError(error, url, patience)));
      request.end();
    });
  }

  /** @throws UrlRefusedError when any of the host's addresses is not public: such a name is not to be trusted at all */
  private async checkedAddresses(url: URL, patience: Patience): Promise<LookupAddress[]> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const family = isIP(host);
    const addresses =
      family === 0
        ? await patience
            .until(this.resolve(host))
            .catch((error: unknown) => Promise.reject(asFetchError(error, url, patience)))
        : [{ address: host, family }];
    if (addresses.length === 0) throw new FetchFailedError(`${url.host} has no address`);
    if (!this.allowed.has(url) && !addresses.every(({ address }) => this.isPublic(address)))
      throw new UrlRefusedError(url.host, 'address');
    return addresses;
  }
}

/** @throws HttpStatusError FetchFailedError for an answer that brings no file */
export function refuseStatus(response: IncomingMessage, url: string): never {
  response.destroy();
  const status = response.statusCode!;
  const { host } = new URL(url);
  if (status >= 500 || PASSING.has(status))
    throw new FetchFailedError(`${host} answered ${status}`, { retryAfter: response.headers['retry-after'] });
  throw new HttpStatusError(host, status);
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
