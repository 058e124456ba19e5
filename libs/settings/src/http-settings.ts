import { resolve } from 'node:path';
import { bytes, networks, oneOf, origins, rate, wholeNumber } from './parsers.ts';
import type { Reader } from './reader.ts';

export interface HttpSettings {
  /** `HOST`. Default 127.0.0.1: nobody else's machine reaches it. */
  readonly host: string;
  /** `PORT`. Default 8000. 0: a free one. */
  readonly port: number;
  /** `BODY_LIMIT`, bytes. Default 1 MiB; a larger request body gets 413. */
  readonly bodyLimit: number;
  /** `CORS_ORIGINS`: whose pages may call the API from a browser; `*`: anybody's. Default none but its own. */
  readonly corsOrigins: '*' | readonly string[];
  /**
   * `TRUST_PROXY`: addresses and networks of proxies whose `X-Forwarded-For` is believed. Default none: the address of a
   * client is that of its connection, and behind a proxy all clients have the proxy's.
   */
  readonly trustProxy: readonly string[];
  /** `RATE_LIMIT_SUBMIT`: tasks that a user may submit within a time, at all gateways together. Default: no limit. */
  readonly submitRate: { readonly count: number; readonly perMs: number } | undefined;
  /**
   * `METRICS_TOKEN`: what a reader of `/metrics` must send as a bearer token. Undefined: in development anybody reads
   * them, in production nobody does.
   */
  readonly metricsToken: string | undefined;
  /** `LOAD_TESTS`: whether operators may start load tests. Default: in development, and not in production. */
  readonly loadTests: boolean;
  /** `DASHBOARD_DIR`, absolute: where a build of the dashboard is. Undefined: where `npm run build` puts it. */
  readonly dashboardDir: string | undefined;
}

/** Guessing a shorter one is a matter of time. */
const MIN_TOKEN = 16;

export function readHttpSettings(reader: Reader, isProduction: boolean): HttpSettings {
  return {
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.value('PORT', 'a whole number from 0 to 65535', wholeNumber(0, 65_535)) ?? 8000,
    bodyLimit: reader.value('BODY_LIMIT', 'a size such as 1048576, 512KB or 1MiB, at most 1GiB', bytes) ?? 1024 ** 2,
    corsOrigins:
      reader.value('CORS_ORIGINS', '*, or origins separated by commas, such as https://app.example.org', origins) ?? [],
    trustProxy:
      reader.value(
        'TRUST_PROXY',
        'addresses or networks separated by commas, such as 10.0.0.5 or 172.30.0.0/24, of your proxies alone',
        networks,
      ) ?? [],
    submitRate: reader.value('RATE_LIMIT_SUBMIT', 'tasks in a time, such as 10/1s or 600/1m', rate),
    metricsToken: readMetricsToken(reader),
    loadTests: (reader.value('LOAD_TESTS', 'on or off', oneOf('on', 'off')) ?? (isProduction ? 'off' : 'on')) === 'on',
    dashboardDir: absolute(reader.text('DASHBOARD_DIR')),
  };
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

function readMetricsToken(reader: Reader): string | undefined {
  const token = reader.secret('METRICS_TOKEN');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    reader.wrong('METRICS_TOKEN', 'not of visible ASCII characters', 'a text that fits into an HTTP header');
  else if (token !== undefined && token.length < MIN_TOKEN)
    reader.wrong(
      'METRICS_TOKEN',
      `${token.length} characters long`,
      `at least ${MIN_TOKEN} characters, drawn at random`,
    );
  return token;
}
