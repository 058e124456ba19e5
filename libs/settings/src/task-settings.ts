import { bytesUpTo, hosts, mailAddress, serverUrl } from './parsers.ts';
import type { Reader } from './reader.ts';

export interface FilesSettings {
  /** `FILES_LIMIT`, bytes. Default 100 MiB: a larger file is neither taken in nor downloaded. */
  readonly limit: number;
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

const LARGEST_FILES_LIMIT = 1024 ** 4;

export function readFilesSettings(reader: Reader): FilesSettings {
  return {
    limit:
      reader.value(
        'FILES_LIMIT',
        'a size such as 104857600, 500MB or 2GiB, at most 1TiB',
        bytesUpTo(LARGEST_FILES_LIMIT),
      ) ?? 100 * 1024 ** 2,
    allowHosts:
      reader.value(
        'FILES_ALLOW_HOSTS',
        'host names or addresses separated by commas, each with or without a port, such as files.internal,10.0.0.5:8080',
        hosts,
      ) ?? [],
  };
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
