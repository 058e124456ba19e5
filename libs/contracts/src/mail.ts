import { defineTask } from '@lovage/task';
import { z } from 'zod';

// RFC 5321: 64 before the @, 254 in all. Plain ASCII without quotes and comments: nothing that could end a header or hide
// a second address.
const MailAddress = z
  .string()
  .max(254, { abort: true })
  .regex(
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    'must be an e-mail address such as ann@example.org',
  )
  .refine((text) => text.indexOf('@') <= 64, 'has more than 64 characters before the @');

const addresses = (description: string, max: number) =>
  z
    .array(MailAddress)
    .max(max)
    .meta({ description, examples: [['ann@example.org']] });

/** A header of one line: what ends a line would begin another header. */
const oneLine = (max: number) =>
  z
    .string()
    .max(max, { abort: true })
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters');

/** Recipients of one mail, at most. */
const MAX_RECIPIENTS = 50;
/** Largest text of a mail, characters; with HTML it stays below what a request body and a message may hold. */
const MAX_TEXT = 200_000;

export const sendMail = defineTask({
  name: 'mail.send',
  summary: 'Sends an e-mail',
  description:
    'Through the server of `SMTP_URL`; without one the mail becomes a file in `DATA_DIR/mails`. Its Message-ID is derived from the task’s id: should a mail go out twice, because a worker died before it could tell, mail programs can tell that it is one.',
  input: z
    .strictObject({
      to: addresses('Recipients.', MAX_RECIPIENTS).min(1),
      subject: oneLine(500).meta({ description: 'One line.', examples: ['Hello'] }),
      text: z
        .string()
        .max(MAX_TEXT)
        .meta({ description: 'The mail as plain text.', examples: ['Hello Ann!'] }),
      html: z
        .string()
        .max(MAX_TEXT)
        .optional()
        .meta({ description: 'The mail as HTML, for programs that show it.', examples: ['<p>Hello Ann!</p>'] }),
      cc: addresses('Further recipients, whom all see.', MAX_RECIPIENTS).optional(),
      bcc: addresses('Further recipients, whom nobody sees.', MAX_RECIPIENTS).optional(),
      replyTo: MailAddress.optional().meta({
        description: 'Where answers go. The sender itself is `MAIL_FROM`.',
        examples: ['ben@example.org'],
      }),
    })
    .meta({ examples: [{ to: ['ann@example.org'], subject: 'Hello', text: 'Hello Ann!' }] }),
  output: z
    .strictObject({
      messageId: z.string().meta({ description: 'Message-ID of the mail.' }),
      accepted: z.array(z.string()).meta({ description: 'Recipients that the server took it for.' }),
      rejected: z.array(z.string()).meta({ description: 'Recipients that it refused.' }),
      file: z
        .string()
        .nullable()
        .meta({ description: 'The file under `DATA_DIR/mails`, where there is no server; else null.' }),
    })
    .meta({
      examples: [
        {
          messageId: '<0199f0a0-0000-7000-8000-000000000000@localhost>',
          accepted: ['ann@example.org'],
          rejected: [],
          file: '0199f0a0-0000-7000-8000-000000000000.eml',
        },
      ],
    }),
  errors: {
    Rejected: z
      .strictObject({
        status: z
          .int()
          .nullable()
          .meta({ description: 'The server’s SMTP status, such as 550; null when it gave none.' }),
        answer: z.string().meta({ description: 'What it said.' }),
      })
      .meta({ description: 'The mail server refuses this mail, or all its recipients, for good.' }),
  },
  // A mail server that is away, or defers us (greylisting), is tried for some ten minutes.
  defaults: { retry: { maxAttempts: 8, delay: '5s', maxDelay: '5m' }, softTimeLimit: '2m', timeLimit: '150s' },
});

/** People that one text may notify. */
export const MAX_MENTIONS = 100;

const UserName = z
  .string()
  .min(1)
  .max(64, { abort: true })
  .regex(/^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_])?$/u, 'must be a name as it stands after the @');

export const notifyMentions = defineTask({
  name: 'mail.notify_mentions',
  summary: 'Mails everybody whom a text mentions by @name',
  description:
    'Finds `@name` in the text and submits one `mail.send` for each person, once however often they are mentioned, as a task of its own: a slow or broken mailbox holds up nobody else. Give `users`, a `domain`, or both: names that are not among the users are then mailboxes of the domain.',
  input: z
    .strictObject({
      text: z
        .string()
        .min(1)
        .max(MAX_TEXT)
        .meta({ description: 'What was written.', examples: ['@ann and @ben, have a look'] }),
      users: z
        .record(UserName, MailAddress)
        .refine((users) => Object.keys(users).length <= 1000, 'has more than 1000 users')
        .optional()
        .meta({
          description: 'E-mail address by name; small and capital letters are the same.',
          examples: [{ ann: 'ann@example.org' }],
        }),
      domain: z
        .string()
        .max(189, { abort: true })
        .regex(
          /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
          'must be a domain such as example.org',
        )
        .optional()
        .meta({ description: 'Where other names have their mailboxes.', examples: ['example.org'] }),
      author: UserName.optional().meta({
        description: 'Who wrote it: named in the mail, and not mailed when mentioned.',
        examples: ['cleo'],
      }),
      subject: oneLine(200)
        .optional()
        .meta({ description: 'Default: "<author> mentioned you".', examples: ['You were mentioned'] }),
    })
    .refine(({ users, domain }) => users !== undefined || domain !== undefined, {
      message: 'give users, a domain, or both',
      path: ['users'],
    })
    .meta({ examples: [{ text: '@ann and @ben, have a look', users: { ann: 'ann@example.org' }, author: 'cleo' }] }),
  output: z
    .strictObject({
      notified: z
        .array(
          z.strictObject({
            name: z.string().meta({ description: 'As it is mentioned first.' }),
            taskId: z.string().meta({ description: 'Id of their `mail.send`.' }),
          }),
        )
        .meta({ description: 'One for each address, in the order of the text.' }),
      unknown: z.array(z.string()).meta({ description: 'Names without an address.' }),
    })
    .meta({
      examples: [{ notified: [{ name: 'ann', taskId: '0199f0a0-0000-7000-8000-000000000001' }], unknown: ['ben'] }],
    }),
  errors: {
    TooManyMentions: z
      .strictObject({
        found: z.int().meta({ description: 'People mentioned.' }),
        limit: z.int().meta({ description: 'People that one text may notify.' }),
      })
      .meta({ description: 'Nobody is notified.' }),
  },
  defaults: { retry: { maxAttempts: 5, delay: '1s' } },
});
