import { LovageError } from '@lovage/foundation';

/** A mail as handed over: addresses and header texts are checked by the contract. */
export interface OutgoingMail {
  /** Names it for good: the same mail handed over twice has the same. Letters, digits and hyphens. */
  readonly id: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly replyTo: string | undefined;
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
}

export interface SentMail {
  readonly messageId: string;
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  /** Where it is kept, when it went nowhere. */
  readonly file: string | null;
}

/** Takes mails out of our hands. */
export interface MailSender {
  /** @throws MailRejectedError MailServerError, or the signal's reason: then it may have been sent or not */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<SentMail>;
}

/** The server will not have this mail, now or later. */
export class MailRejectedError extends LovageError {
  readonly code = 'mail_rejected';
  constructor(
    readonly status: number | null,
    readonly answer: string,
  ) {
    super(`the mail server refuses: ${answer}`);
  }
}

/** The server is away, in trouble, or defers us. */
export class MailServerError extends LovageError {
  readonly code = 'mail_server_failed';
}
