import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { LovageError } from '@lovage/foundation';
import type { RedisOptions } from 'ioredis';

/** A URL that names no Redis. Its text repeats no part that may hold a password. */
export class RedisUrlError extends LovageError {
  readonly code = 'redis_url_invalid';
}

/** What Celery calls `broker_transport_options` and `result_backend_transport_options`, as far as it is known here. */
export interface TransportOptions {
  /** Of Sentinel: the name of the group of servers. */
  readonly master_name?: string;
  /** Of Sentinel: how its own servers are spoken to. */
  readonly sentinel_kwargs?: { readonly password?: string; readonly username?: string };
}

/** A server, or what Sentinel says is one. */
export interface RedisTarget {
  /** Options of ioredis that tell which server it is, and how it is spoken to. */
  readonly redis: RedisOptions;
  /** Number of the database. */
  readonly db: number;
}

const EXPECTED =
  'redis://:password@host:6379/0, rediss://…?ssl_cert_reqs=required, redis+socket:///path/of/socket?virtual_host=0, or ' +
  'sentinel://:password@host:26379/0?master_name=mymaster;sentinel://host2:26379';

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * The server of a URL as Celery writes it: `redis://`, `rediss://`, `redis+socket://`, `sentinel://…;sentinel://…`.
 * Parameters: `db` or `virtual_host`; of TLS `ssl_cert_reqs` (`required`, `optional`, `none`), `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`
 * (paths); of Sentinel `master_name`, `sentinel_username`, `sentinel_password`, `ssl=true`, unless `transport` tells them.
 * @throws RedisUrlError
 */
export function redisTargetOf(text: string, transport: TransportOptions = {}): RedisTarget {
  const urls = text.split(';').map((part) => parsed(part.trim()));
  const [first] = urls as [URL, ...URL[]];
  const scheme = first.protocol.slice(0, -1);
  if (scheme === 'sentinel') return sentinels(urls, transport);
  if (urls.length > 1) throw new RedisUrlError('several URLs of Redis are those of Sentinel only');
  const db = dbOf(first);
  if (scheme === 'redis' || scheme === 'rediss')
    return {
      redis: { ...serverOf(first, REDIS_PORT), ...loginOf(first), db, ...(scheme === 'rediss' && tlsOf([first])) },
      db,
    };
  if (scheme === 'redis+socket' || scheme === 'socket')
    return { redis: { path: decoded(first.pathname), ...loginOf(first), db }, db };
  throw new RedisUrlError(`a URL of Redis is one of ${EXPECTED}`);
}

function sentinels(urls: readonly URL[], transport: TransportOptions): RedisTarget {
  if (!urls.every(({ protocol }) => protocol === 'sentinel:'))
    throw new RedisUrlError('a list of servers is to be sentinel://…;sentinel://…');
  const name = transport.master_name ?? parameter(urls, 'master_name');
  if (name === undefined)
    throw new RedisUrlError(
      'Sentinel needs the name of its servers: add ?master_name=mymaster to the URL, or master_name to the transport options',
    );
  const db = dbOf(urls[0]!);
  const own = {
    password: transport.sentinel_kwargs?.password ?? parameter(urls, 'sentinel_password'),
    username: transport.sentinel_kwargs?.username ?? parameter(urls, 'sentinel_username'),
  };
  const tls = parameter(urls, 'ssl') === 'true' ? tlsOf(urls).tls : undefined;
  return {
    redis: {
      sentinels: urls.map((url) => serverOf(url, SENTINEL_PORT)),
      name,
      db,
      ...loginOf(urls.find(({ password }) => password !== '') ?? urls[0]!),
      ...(own.password !== undefined && { sentinelPassword: own.password }),
      ...(own.username !== undefined && { sentinelUsername: own.username }),
      ...(tls && { tls, sentinelTLS: tls as ConnectionOptions, enableTLSForSentinelMode: true }),
    },
    db,
  };
}

function parsed(text: string): URL {
  if (!/^[a-z+]+:\/\//.test(text) || !URL.canParse(text))
    throw new RedisUrlError(`a URL of Redis is one of ${EXPECTED}`);
  return new URL(text);
}

const serverOf = (url: URL, port: number): { host: string; port: number } => ({
  // An IPv6 address stands in brackets.
  host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
  port: url.port === '' ? port : Number(url.port),
});

function loginOf({ username, password }: URL): { username?: string; password?: string } {
  return {
    ...(username !== '' && { username: decoded(username) }),
    ...(password !== '' && { password: decoded(password) }),
  };
}

function dbOf({ protocol, pathname, searchParams }: URL): number {
  const path = protocol === 'redis+socket:' || protocol === 'socket:' ? '' : pathname.replace(/^\//, '');
  const text = path || searchParams.get('virtual_host') || searchParams.get('db') || '0';
  if (!/^\d{1,4}$/.test(text)) throw new RedisUrlError('the database of a Redis is a number: redis://host:6379/0');
  return Number(text);
}

/** Of whichever of the URLs has it. */
function parameter(urls: readonly URL[], name: string): string | undefined {
  for (const { searchParams } of urls) {
    const value = searchParams.get(name);
    if (value !== null && value !== '') return value;
  }
  return undefined;
}

/** Celery's parameters, in any of their spellings: `ssl_cert_reqs` is `required`, `optional` or `none`, with or without `CERT_`. */
function tlsOf(urls: readonly URL[]): Required<Pick<RedisOptions, 'tls'>> {
  const wanted = (parameter(urls, 'ssl_cert_reqs') ?? 'required').toLowerCase().replace(/^cert_/, '');
  if (!['required', 'optional', 'none'].includes(wanted))
    throw new RedisUrlError('ssl_cert_reqs is to be required, optional or none');
  const file = (name: string): string | undefined => {
    const path = parameter(urls, name);
    return path === undefined ? undefined : read(name, path);
  };
  const [ca, cert, key] = [file('ssl_ca_certs'), file('ssl_certfile'), file('ssl_keyfile')];
  return {
    tls: { rejectUnauthorized: wanted !== 'none', ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
  };
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new RedisUrlError(`${name} names a file that cannot be read: ${path}`, { cause: error });
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
