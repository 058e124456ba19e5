import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import { FileStore } from '@lovage/files';
import type { TasksOptions } from '../options.ts';
import { FolderSender } from './folder-sender.ts';
import { MAIL_SENDER } from './mail.tasks.ts';
import type { MailSender } from './mail-sender.ts';
import { SmtpSender } from './smtp-sender.ts';

/** A server where there is one, else a folder. */
export function mailSenderProvider({ dataDir, mail }: TasksOptions): Provider {
  return { provide: MAIL_SENDER, useFactory: (): MailSender => sender(dataDir, mail) };
}

function sender(dataDir: string, { smtpUrl, from }: TasksOptions['mail']): MailSender {
  return smtpUrl === undefined
    ? new FolderSender(new FileStore(join(dataDir, 'mails')), from)
    : new SmtpSender(smtpUrl, from);
}
