import { isIPv6 } from 'node:net';
import { join, relative } from 'node:path';
import { maskUrl } from '@lovage/foundation';
import type { GatewaySecrets, Settings } from '@lovage/settings';
import { databaseUrlFile } from './database.ts';

export interface LauncherBanner {
  readonly settings: Settings;
  readonly port: number;
  readonly databaseUrl: string;
  readonly embedded: boolean;
  readonly secrets: GatewaySecrets;
  readonly startMs: number;
}

/** What a person needs to know once everything runs. */
export function banner({ settings, port, databaseUrl, embedded, secrets, startMs }: LauncherBanner): string {
  const { host } = settings.http;
  const shownHost = ['0.0.0.0', '::'].includes(host) ? 'localhost' : isIPv6(host) ? `[${host}]` : host;
  const url = `http://${shownHost}:${port}`;
  const passwordFile = near(join(settings.dataDir, 'admin-password'));
  const login = secrets.adminIsNew
    ? `${secrets.admin.email}  password ${secrets.admin.password}  (kept in ${passwordFile}; if users exist already, theirs are valid instead)`
    : settings.secrets.admin
      ? `${secrets.admin.email}, the password of ADMIN_PASSWORD`
      : `${secrets.admin.email}, the password in ${passwordFile}`;
  const rows = [
    ['Dashboard', `${url}/dashboard`],
    ['Swagger', `${url}/docs`],
    ['REST', `${url}/api`],
    ['Log in', login],
    [
      'Database',
      embedded
        ? `embedded PostgreSQL: psql "$(cat ${near(databaseUrlFile(settings.dataDir))})"; its data in ${near(join(settings.dataDir, 'postgres'))}`
        : maskUrl(databaseUrl),
    ],
    ['Broker', settings.brokerUrl === undefined ? 'in the database' : maskUrl(settings.brokerUrl)],
    ['Stop', 'Ctrl-C'],
  ];
  return [
    '',
    `Lovage is ready (${(startMs / 1000).toFixed(1)} s)`,
    ...rows.map(([name, text]) => `  ${name!.padEnd(9)} ${text}`),
    '',
  ].join('\n');
}

function near(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
