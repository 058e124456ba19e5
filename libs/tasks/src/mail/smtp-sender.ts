import { toError } from '@lovage/foundation';
import { compose, messageId } from './compose.ts';
import {
  MailRejectedError,
  MailServerError,
  type MailSender,
  type OutgoingMail,
  type SentMail,
} from './mail-sender.ts';

/** The parts that are read of an error of nodemailer's. */
interface SmtpError {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly rejectedErrors?: readonly SmtpError[];
}

const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 60_000 };

/** Hands mails to a server, each on a connection of its own; `?pool=true` in the URL keeps connections open. */
export class SmtpSender implements MailSender {
  private transport: Promise<ReturnType<(typeof import('nodemailer'))['createTransport']>> | undefined;

  /** @param url `smtp://` (TLS where the server offers it; `?requireTLS=true` insists) or `smtps://`. */
  constructor(
    private readonly url: string,
    private readonly from: string,
  ) {}

  async send(mail: OutgoingMail, signal: AbortSignal): Promise<SentMail> {
    const transport = await this.open();
    signal.throwIfAborted();
    try {
      const sent = await abortable(transport.sendMail(compose(mail, this.from)), signal);
      return {
        messageId: messageId(mail.id, this.from),
        accepted: sent.accepted.map(String),
        rejected: sent.rejected.map(String),
        file: null,
      };
    } catch (error) {
      signal.throwIfAborted();
      throw asMailError(error);
    }
  }

  /** Closes connections that are kept. Nest calls it. */
  async onModuleDestroy(): Promise<void> {
    (await this.transport)?.close();
  }

  private open() {
    this.transport ??= import('nodemailer').then(({ createTransport }) => createTransport(withTimeouts(this.url)));
    return this.transport;
  }
}

/** Limits of our own, where the URL states none. */
function withTimeouts(text: string): string {
  const url = new URL(text);
  for (const [name, ms] of Object.entries(TIMEOUTS))
    if (!url.searchParams.has(name)) url.searchParams.set(name, String(ms));
  return url.href;
}

function asMailError(error: unknown): Error {
  const { code, responseCode, response, rejectedErrors = [] } = error as SmtpError;
  const { message } = toError(error);
  // A wrong password is ours to mend, not the mail's fault; of several refused recipients one that is deferred may get it later.
  const mayPass = code === 'EAUTH' || rejectedErrors.some(({ responseCode: status = 0 }) => status < 500);
  return responseCode !== undefined && responseCode >= 500 && !mayPass
    ? new MailRejectedError(responseCode, (response ?? message).slice(0, 1000))
    : new MailServerError(`the mail server cannot be used: ${message}`, { cause: error });
}

/** nodemailer cannot be told to stop: what it does goes on by itself, within its timeouts. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
