import { Controller, Inject } from '@nestjs/common';
import { MAX_MENTIONS, notifyMentions, sendMail } from '@lovage/contracts';
import { hasCode, isUuid, uuidFrom } from '@lovage/foundation';
import { TaskHandler } from '@lovage/nest';
import type { Input, Output, TaskContext } from '@lovage/task';
import type { MailRejectedError, MailSender } from './mail-sender.ts';
import { findMentions, nameKey } from './mentions.ts';

/** Nest token of the {@link MailSender}. */
export const MAIL_SENDER: unique symbol = Symbol('lovage.mail-sender');

@Controller()
export class MailTasks {
  constructor(@Inject(MAIL_SENDER) private readonly sender: MailSender) {}

  @TaskHandler(sendMail)
  async send(input: Input<typeof sendMail>, task: TaskContext<typeof sendMail>): Promise<Output<typeof sendMail>> {
    const { to, cc = [], bcc = [], replyTo, subject, text, html } = input;
    const id = isUuid(task.id) ? task.id : uuidFrom(task.id);
    try {
      const sent = await this.sender.send({ id, to, cc, bcc, replyTo, subject, text, html }, task.signal);
      if (sent.rejected.length > 0) task.log.warn('recipients were refused', { recipients: sent.rejected.length });
      return { ...sent, accepted: [...sent.accepted], rejected: [...sent.rejected] };
    } catch (error) {
      if (!hasCode(error, 'mail_rejected')) throw error;
      const { status, answer, message } = error as MailRejectedError;
      throw sendMail.error('Rejected', { status, answer }, message);
    }
  }

  /**
   * Safe to run again: the children have keys, so that those which are there already are found, not submitted twice; and
   * a child's Message-ID follows from its id.
   */
  @TaskHandler(notifyMentions)
  async notifyMentions(
    { text, users = {}, domain, author, subject }: Input<typeof notifyMentions>,
    task: TaskContext<typeof notifyMentions>,
  ): Promise<Output<typeof notifyMentions>> {
    const { known, unknown } = addressesOf(findMentions(text), users, domain, author);
    if (known.size > MAX_MENTIONS)
      throw notifyMentions.error(
        'TooManyMentions',
        { found: known.size, limit: MAX_MENTIONS },
        `${known.size} people are mentioned; ${MAX_MENTIONS} may be`,
      );
    const mentioner = author ?? 'Somebody';
    const mail = { subject: subject ?? `${mentioner} mentioned you`, text: `${mentioner} mentioned you:\n\n${text}\n` };
    const notified = await Promise.all(
      [...known].map(async ([address, name]) => ({
        name,
        taskId: await task.submit(sendMail, { to: [address], ...mail }, { key: address }),
      })),
    );
    return { notified, unknown };
  }
}

/** Whom to mail: by address, so that one who is mentioned under two names gets one mail; and the names without one. */
function addressesOf(
  names: readonly string[],
  users: Readonly<Record<string, string>>,
  domain: string | undefined,
  author: string | undefined,
): { known: Map<string, string>; unknown: string[] } {
  const byName = new Map(Object.entries(users).map(([name, address]) => [nameKey(name), address]));
  const known = new Map<string, string>();
  const unknown: string[] = [];
  for (const name of names) {
    const key = nameKey(name);
    if (author !== undefined && key === nameKey(author)) continue;
    const address = byName.get(key) ?? (domain === undefined ? undefined : mailbox(key, domain));
    if (address === undefined) unknown.push(name);
    else if (!known.has(address)) known.set(address, name);
  }
  return { known, unknown };
}

/** Undefined for a name that no mailbox of ours can have: letters beyond ASCII, dots in a row. */
function mailbox(key: string, domain: string): string | undefined {
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(key) ? `${key}@${domain}` : undefined;
}
