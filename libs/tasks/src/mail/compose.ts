import type { OutgoingMail } from './mail-sender.ts';

/** The mail in nodemailer's words. Contents are texts only: it can be made to read no file and fetch no URL. */
export function compose(mail: OutgoingMail, from: string) {
  const { id, to, cc, bcc, replyTo, subject, text, html } = mail;
  return {
    from,
    to: [...to],
    cc: [...cc],
    bcc: [...bcc],
    replyTo,
    subject,
    text,
    html,
    messageId: messageId(id, from),
    // Programs that answer by themselves (holidays) leave such mails alone: RFC 3834.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** The same for the same mail, at every attempt: servers and mail programs know a mail they have seen by it. */
export function messageId(id: string, from: string): string {
  return `<${id}@${/@([^@>]+)>?$/.exec(from)![1]}>`;
}
