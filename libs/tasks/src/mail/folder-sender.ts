import { writeFile, type FileStore } from '@lovage/files';
import { compose, messageId } from './compose.ts';
import type { MailSender, OutgoingMail, SentMail } from './mail-sender.ts';

/** Where there is no mail server: each mail becomes a file that mail programs open, once, however often it is sent. */
export class FolderSender implements MailSender {
  constructor(
    private readonly store: FileStore,
    private readonly from: string,
  ) {}

  async send(mail: OutgoingMail): Promise<SentMail> {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
    const { message } = await transport.sendMail(compose(mail, this.from));
    const { path } = await writeFile(this.store, `${mail.id}.eml`, [message as Buffer]);
    return {
      messageId: messageId(mail.id, this.from),
      accepted: [...mail.to, ...mail.cc, ...mail.bcc],
      rejected: [],
      file: path,
    };
  }
}
