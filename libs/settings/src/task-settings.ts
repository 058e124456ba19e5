import { bytesUpTo, durationFrom, hosts, mailAddress, serverUrl } from './parsers.ts';
import type { Reader } from './reader.ts';

export interface FilesSettings {
  /** `FILES_LIMIT`, bytes. Default 100 MiB: a larger file is neither taken in nor downloaded. */
  readonly limit: number;
  /** `FILES_QUOTA` of all files together, `FILES_USER_QUOTA` of what one user uploads, bytes. Default 10 GiB, 1 GiB. */
  readonly quota: { readonly userBytes: number; readonly totalBytes: number };
  /** `FILES_RETENTION`: files that were written longer ago are deleted, ms. Default `forever`: `Infinity`. */
  readonly retentionMs: number;
  /**
   * `FILES_ALLOW_HOSTS`: hosts, or `host:port`, that tasks may fetch from although their addresses are not public, and
   * that are not looked at any further. Default none.
   */
  readonly allowHosts: readonly string[];
}

export interface MailSettings {
  /** `SMTP_URL`. Undefined: no mail leaves; each becomes an `.eml` file under `DATA_DIR/mails`. */
  readonly smtpUrl: string | undefined;
  /** `MAIL_FROM`: sender of every mail. Default `lovage@localhost`. */
  readonly from: string;
}

export interface WebhookSettings {
  /**
   * `WEBHOOK_SECRETS`: secrets that sign webhooks, by the name that tasks use. Default none. Of several with one name each signs:
   * a new one first, the old one until every receiver knows the new.
   */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
}

/** Of Standard Webhooks. */
const SECRET_BYTES = { least: 24, most: 64 };
const LARGEST_FILES_LIMIT = 1024 ** 4;
const LARGEST_QUOTA = 1024 ** 5;
const GIB = 1024 ** 3;

const quotaBytes = (text: string): number | undefined =>
  text.toLowerCase() === 'none' ? Infinity : bytesUpTo(LARGEST_QUOTA)(text);
const keptFor = durationFrom('1h', '3650d');
const retention = (text: string): number | undefined => (text.toLowerCase() === 'forever' ? Infinity : keptFor(text));

export function readFilesSettings(reader: Reader): FilesSettings {
  return {
    limit:
      reader.value(
        'FILES_LIMIT',
        'a size such as 104857600, 500MB or 2GiB, at most 1TiB',
        bytesUpTo(LARGEST_FILES_LIMIT),
      ) ?? 100 * 1024 ** 2,
    quota: {
      userBytes: readQuota(reader, 'FILES_USER_QUOTA') ?? GIB,
      totalBytes: readQuota(reader, 'FILES_QUOTA') ?? 10 * GIB,
    },
    retentionMs:
      reader.value('FILES_RETENTION', 'a duration such as 30d or 36h, from 1h to 3650d, or forever', retention) ??
      Infinity,
    allowHosts:
      reader.value(
        'FILES_ALLOW_HOSTS',
        'host names or addresses separated by commas, each with or without a port, such as files.internal,10.0.0.5:8080',
        hosts,
      ) ?? [],
  };
}

function readQuota(reader: Reader, name: string): number | undefined {
  return reader.value(name, 'a size such as 500MB or 20GiB, at most 1024TiB, or none', quotaBytes);
}

export function readMailSettings(reader: Reader): MailSettings {
  return {
    smtpUrl: reader.value('SMTP_URL', 'smtp://user:password@host:587 or smtps://…', serverUrl('smtp', 'smtps')),
    from:
      reader.value(
        'MAIL_FROM',
        'an e-mail address, such as lovage@example.org or "Lovage <lovage@example.org>"',
        mailAddress,
      ) ?? 'lovage@localhost',
  };
}

export function readWebhookSettings(reader: Reader): WebhookSettings {
  const secrets: Record<string, string[]> = {};
  const entries = reader.text('WEBHOOK_SECRETS')?.split(',') ?? [];
  for (const [index, entry] of entries.entries()) {
    const [, name, secret, key] =
      /^([a-z][a-z0-9_-]{0,63})=(whsec_([A-Za-z0-9+/]{1,100}={0,2}))$/.exec(entry.trim()) ?? [];
    const bytes = Buffer.from(key ?? '', 'base64').length;
    if (name === undefined || bytes < SECRET_BYTES.least || bytes > SECRET_BYTES.most) {
      // By its place: it is a secret.
      reader.wrong(
        'WEBHOOK_SECRETS',
        `wrong in its entry ${index + 1}`,
        'name=whsec_… separated by commas, each of 24 to 64 bytes in base64 (echo "whsec_$(openssl rand -base64 32)")',
      );
      return { secrets: {} };
    }
    if (!Object.hasOwn(secrets, name)) secrets[name] = [];
    secrets[name]!.push(secret!);
  }
  return { secrets };
}
