import { isIP } from 'node:net';
import { durationMs, isQueueText, type Duration } from '@lovage/foundation';

/** The whole number within the bounds; undefined for any other text. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number | undefined => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };

/** `20,2`: the larger one first; both within the bounds. */
export const bounds =
  (least: number, most: number) =>
  (text: string): { readonly max: number; readonly min: number } | undefined => {
    const number = wholeNumber(least, most);
    const [max, min, ...rest] = text.split(',').map((part) => number(part.trim()));
    return max !== undefined && min !== undefined && min <= max && rest.length === 0 ? { max, min } : undefined;
  };

export const oneOf =
  <T extends string>(...values: T[]) =>
  (text: string): T | undefined =>
    values.find((value) => value === text.toLowerCase());

/** The URL of a server, with one of these schemes; none named: with any. */
export const serverUrl =
  (...schemes: string[]) =>
  (text: string): string | undefined => {
    if (!URL.canParse(text)) return undefined;
    const url = new URL(text);
    const known = schemes.length === 0 || schemes.includes(url.protocol.slice(0, -1));
    return known && url.hostname !== '' ? text : undefined;
  };

/** Whether an adapter serves its scheme is seen when it is opened. Redis has sockets, a default host, and lists of Sentinel's servers. */
export function brokerUrl(text: string): string | undefined {
  const isOne = (url: string): boolean =>
    serverUrl()(url) !== undefined || (/^redis(?:\+socket)?:\/\//.test(url) && URL.canParse(url));
  const list = text.startsWith('sentinel://') ? text.split(';') : [text];
  return list.every(isOne) ? text : undefined;
}

export const databaseUrl = (text: string): string | undefined =>
  serverUrl('postgres', 'postgresql')(text) && new URL(text).pathname.length > 1 ? text : undefined;

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `1048576`, `512kb`, `1MiB`: bytes; K, M, G and T are powers of 1024. */
export const bytesUpTo =
  (max: number) =>
  (text: string): number | undefined => {
    const found = /^(\d{1,13})\s*(b|[kmgt](?:i?b)?)?$/i.exec(text);
    const value = found ? Number(found[1]) * UNITS[(found[2] ?? '').charAt(0).toLowerCase()]! : 0;
    return value > 0 && value <= max ? value : undefined;
  };

export const bytes = bytesUpTo(1024 ** 3);

/** Hosts in the form that URLs have them, each with its port where one was given. */
export const hosts = (text: string): readonly string[] | undefined => {
  const found = text.split(',').map((entry) => {
    const [, host, port] = /^(\[[\d:a-f.]+\]|[^\s:/?#@[\]\\]+)(?::(\d{1,5}))?$/i.exec(entry.trim()) ?? [];
    if (host === undefined || !URL.canParse(`http://${host}`) || Number(port ?? 1) > 65_535) return undefined;
    const { hostname } = new URL(`http://${host}`);
    return port === undefined ? hostname : `${hostname}:${Number(port)}`;
  });
  return found.every((host) => host !== undefined) ? [...new Set(found)] : undefined;
};

export const queueNames = (text: string): readonly string[] | undefined => {
  const names = text.split(',').map((name) => name.trim());
  return names.every(isQueueText) ? [...new Set(names)] : undefined;
};

export const queueName = (text: string): string | undefined => (isQueueText(text) ? text : undefined);

export const emailAddress = (text: string): string | undefined =>
  /^[^\s@]{1,64}@[^\s@]{1,190}$/.test(text) ? text.toLowerCase() : undefined;

/** Node name of a worker; `@<host>` is added where it has none, as Celery tools expect both parts. */
export const workerName =
  (host: string) =>
  (text: string): string | undefined => {
    const name = text.includes('@') ? text : `${text}@${host}`;
    return /^[^\s@\p{Cc}]{1,100}@[^\s@\p{Cc}]{1,150}$/u.test(name) ? name : undefined;
  };

/** A sender: an address alone, or with a name before it. What could begin a further header is refused. */
export const mailAddress = (text: string): string | undefined =>
  /^(?:[^<>@\p{Cc}]{1,100} <[^\s<>@]{1,64}@[^\s<>@]{1,190}>|[^\s<>@]{1,64}@[^\s<>@]{1,190})$/u.test(text)
    ? text
    : undefined;

/** A duration with its unit, `90m`; ms. A bare number would be seconds to some and days to others. */
export const durationFrom =
  (min: Duration, max: Duration) =>
  (text: string): number | undefined => {
    if (!/[a-z]$/.test(text)) return undefined;
    try {
      const ms = durationMs(text as Duration);
      return ms >= durationMs(min) && ms <= durationMs(max) ? ms : undefined;
    } catch {
      return undefined;
    }
  };

/** `*`, or origins as browsers send them: no path, and no slash at the end. */
export const origins = (text: string): '*' | readonly string[] | undefined => {
  if (text === '*') return '*';
  const found = text.split(',').map((entry) => {
    const url = URL.canParse(entry.trim()) ? new URL(entry.trim()) : undefined;
    const bare =
      url && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/' && url.search === '' && url.hash === '';
    return bare && url.username === '' ? url.origin : undefined;
  });
  return found.every((origin) => origin !== undefined) ? [...new Set(found)] : undefined;
};

/** Addresses, and networks as `address/bits`. One that holds every address is refused: it would trust everybody. */
export const networks = (text: string): readonly string[] | undefined => {
  const found = text.split(',').map((entry) => {
    const [, address, bits] = /^([\d.:a-f]+)(?:\/(\d{1,3}))?$/i.exec(entry.trim()) ?? [];
    const version = isIP(address ?? '');
    if (version === 0) return undefined;
    if (bits === undefined) return address;
    return Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128) ? `${address}/${Number(bits)}` : undefined;
  });
  return found.every((network) => network !== undefined) ? [...new Set(found)] : undefined;
};

/** `600/1m`: so many in that time. */
export const rate = (text: string): { readonly count: number; readonly perMs: number } | undefined => {
  const [, number, time] = /^(\d{1,9})\/(\S+)$/.exec(text) ?? [];
  const count = Number(number);
  const perMs = time === undefined ? undefined : durationFrom('1s', '1d')(time);
  return count >= 1 && perMs !== undefined ? { count, perMs } : undefined;
};
