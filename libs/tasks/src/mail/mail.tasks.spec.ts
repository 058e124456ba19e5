import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_MENTIONS, notifyMentions, sendMail } from '@lovage/contracts';
import { FileStore } from '@lovage/files';
import { validateInput, validateOutput, type SubmitInput } from '@lovage/task';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { fakeTask } from '@lovage/runtime/testing';
import { FolderSender } from './folder-sender.ts';
import type { MailSender } from './mail-sender.ts';
import { MailTasks } from './mail.tasks.ts';
import { SmtpSender } from './smtp-sender.ts';

const from = 'Lovage <lovage@example.org>';
const id = '0199f0a0-0000-7000-8000-000000000000';
const mail: SubmitInput<typeof sendMail> = { to: ['ann@example.org'], subject: 'Grüße', text: 'Hällo\n.\nAnn' };

async function send(sender: MailSender, input: SubmitInput<typeof sendMail>) {
  const { task } = fakeTask(sendMail);
  return validateOutput(sendMail, await new MailTasks(sender).send(validateInput(sendMail, input), { ...task, id }));
}

describe('mail.send without a server', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lovage-mails-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes an .eml that mail programs read', async () => {
    const sent = await send(new FolderSender(new FileStore(folder), from), {
      ...mail,
      to: ['ann@example.org', 'ben@example.org'],
      cc: ['cleo@example.org'],
      bcc: ['dan@example.org'],
      replyTo: 'eve@example.org',
      html: '<p>Hällo</p>',
    });
    expect(sent).toEqual({
      messageId: `<${id}@example.org>`,
      accepted: ['ann@example.org', 'ben@example.org', 'cleo@example.org', 'dan@example.org'],
      rejected: [],
      file: `${id}.eml`,
    });
    const parsed = await PostalMime.parse(readFileSync(join(folder, sent.file!)));
    expect(parsed).toMatchObject({
      from: { name: 'Lovage', address: 'lovage@example.org' },
      to: [{ address: 'ann@example.org' }, { address: 'ben@example.org' }],
      cc: [{ address: 'cleo@example.org' }],
      replyTo: [{ address: 'eve@example.org' }],
      subject: 'Grüße',
      messageId: `<${id}@example.org>`,
    });
    expect(parsed.text!.trimEnd()).toBe('Hällo\n.\nAnn');
    expect(parsed.html).toContain('<p>Hällo</p>');
  });

  it('sent twice it is one file', async () => {
    const sender = new FolderSender(new FileStore(folder), from);
    await send(sender, mail);
    await send(sender, mail);
    expect(readdirSync(folder).filter((name) => !name.startsWith('.'))).toEqual([`${id}.eml`]);
  });

  it('reads no file and fetches nothing that a text names', async () => {
    const input = {
      ...mail,
      text: 'file:///etc/hostname',
      html: '<img src="file:///etc/hostname"><img src="http://127.0.0.1:1/x">',
    };
    const { file } = await send(new FolderSender(new FileStore(folder), from), input);
    const parsed = await PostalMime.parse(readFileSync(join(folder, file!)));
    expect(parsed.attachments).toEqual([]);
    expect(parsed.html).toContain('file:///etc/hostname');
  });
});

describe('headers', () => {
  it.each([
    { ...mail, subject: 'x\r\nBcc: eve@example.org' },
    { ...mail, subject: 'x\nX: y' },
    { ...mail, to: ['ann@example.org\r\nBcc: eve@example.org'] },
    { ...mail, to: ['ann@example.org,eve@example.org'] },
    { ...mail, replyTo: 'ann@example.org\r\nX: y' },
    { ...mail, to: [] },
    { ...mail, from: 'eve@example.org' },
    { ...mail, text: 'x'.repeat(200_001) },
  ])('input that could add one, or is too large, is refused: case %#', (input) => {
    expect(() => validateInput(sendMail, input)).toThrow(expect.objectContaining({ code: 'input_invalid' }));
  });
});

interface Received {
  readonly to: string[];
  readonly raw: Buffer;
}

/** A mail server that refuses `no@…` for good and defers `later@…`. */
class MailServer implements AsyncDisposable {
  readonly received: Received[] = [];
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      username === 'lovage' && password === 'right'
        ? done(null, { user: 'lovage' })
        : done(new Error('wrong password')),
    onRcptTo: ({ address }, _session, done) => {
      if (address.startsWith('no@')) return done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }));
      if (address.startsWith('later@')) return done(Object.assign(new Error('greylisted'), { responseCode: 450 }));
      done();
    },
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        this.received.push({ to: envelope.rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks) });
        done();
      });
    },
  });

  static async start(): Promise<MailServer> {
    const started = new MailServer();
    started.server.on('error', () => undefined);
    const listening = started.server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    return started;
  }

  url(user = ''): string {
    return `smtp://${user}127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

describe('mail.send through a server', () => {
  it('hands it over, to all recipients, without naming those whom nobody sees', async () => {
    await using server = await MailServer.start();
    const sent = await send(new SmtpSender(server.url('lovage:right@'), from), { ...mail, bcc: ['dan@example.org'] });
    expect(sent).toEqual({
      messageId: `<${id}@example.org>`,
      accepted: ['ann@example.org', 'dan@example.org'],
      rejected: [],
      file: null,
    });
    expect(server.received).toHaveLength(1);
    const { to, raw } = server.received[0]!;
    expect(to).toEqual(['ann@example.org', 'dan@example.org']);
    expect(raw.toString()).not.toContain('dan@');
    const parsed = await PostalMime.parse(raw);
    expect(parsed).toMatchObject({ subject: 'Grüße', messageId: `<${id}@example.org>` });
    expect(parsed.text!.trimEnd()).toBe('Hällo\n.\nAnn');
  });

  it('at a second attempt it has the same Message-ID', async () => {
    await using server = await MailServer.start();
    const sender = new SmtpSender(server.url(), from);
    await send(sender, mail);
    await send(sender, mail);
    const ids = await Promise.all(server.received.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId));
    expect(ids).toEqual([`<${id}@example.org>`, `<${id}@example.org>`]);
  });

  it('tells who was refused; all of them is the declared error', async () => {
    await using server = await MailServer.start();
    const sender = new SmtpSender(server.url(), from);
    const some = await send(sender, { ...mail, to: ['ann@example.org', 'no@example.org'] });
    expect(some).toMatchObject({ accepted: ['ann@example.org'], rejected: ['no@example.org'] });
    await expect(send(sender, { ...mail, to: ['no@example.org'] })).rejects.toMatchObject({
      code: 'declared_error',
      type: 'Rejected',
      data: { status: 550 },
    });
  });

  it('what may pass is another error, which is retried: deferred, wrong password, no server', async () => {
    await using server = await MailServer.start();
    const failed = { code: 'mail_server_failed' };
    await expect(
      send(new SmtpSender(server.url(), from), { ...mail, to: ['later@example.org'] }),
    ).rejects.toMatchObject(failed);
    await expect(send(new SmtpSender(server.url('lovage:wrong@'), from), mail)).rejects.toMatchObject(failed);
    await expect(send(new SmtpSender('smtp://127.0.0.1:1', from), mail)).rejects.toMatchObject(failed);
    expect(server.received).toEqual([]);
  });

  it('an abort ends the wait', async () => {
    await using server = await MailServer.start();
    const { task, abort } = fakeTask(sendMail);
    const sending = new MailTasks(new SmtpSender(server.url(), from)).send(validateInput(sendMail, mail), task);
    abort(new Error('revoked'));
    await expect(sending).rejects.toThrow('revoked');
  });
});

describe('mail.notify_mentions', () => {
  const handlers = new MailTasks({ send: () => Promise.reject(new Error('not here: each mail is a task of its own')) });
  const run = async (input: SubmitInput<typeof notifyMentions>, fake = fakeTask(notifyMentions)) => {
    const output = await handlers.notifyMentions(validateInput(notifyMentions, input), fake.task);
    for (const { input: child } of fake.children) validateInput(sendMail, child);
    return { output: validateOutput(notifyMentions, output), children: fake.children };
  };
  const recipients = (children: readonly { input: unknown }[]) =>
    children.map(({ input }) => (input as { to: string[] }).to);

  it('submits one mail for each person, and tells whom it does not know', async () => {
    const { output, children } = await run({
      text: '@Ann and @ben, @nobody, @ann again, and @cleo who wrote it',
      users: { ann: 'ann@example.org', Ben: 'ben@example.org', cleo: 'cleo@example.org' },
      author: 'cleo',
    });
    expect(output).toEqual({
      notified: [
        { name: 'Ann', taskId: 'child-0' },
        { name: 'ben', taskId: 'child-1' },
      ],
      unknown: ['nobody'],
    });
    expect(recipients(children)).toEqual([['ann@example.org'], ['ben@example.org']]);
    expect(children[0]).toMatchObject({ name: 'mail.send', input: { subject: 'cleo mentioned you' } });
    expect((children[0]!.input as { text: string }).text).toContain('@Ann and @ben');
  });

  it('two names of one mailbox are one mail', async () => {
    const { output, children } = await run({
      text: '@ann @annie',
      users: { ann: 'a@example.org', annie: 'a@example.org' },
    });
    expect(output.notified).toEqual([{ name: 'ann', taskId: 'child-0' }]);
    expect(children).toHaveLength(1);
  });

  it('a domain has the mailboxes of the others', async () => {
    const { output, children } = await run({
      text: '@ann @Ben.Lee @Jürgen',
      users: { ann: 'a@other.org' },
      domain: 'example.org',
    });
    expect(recipients(children)).toEqual([['a@other.org'], ['ben.lee@example.org']]);
    expect(output.unknown).toEqual(['Jürgen']);
  });

  it('run again, it finds the children it has', async () => {
    const fake = fakeTask(notifyMentions);
    const input = { text: '@ann @ben', domain: 'example.org' };
    const first = await run(input, fake);
    const second = await run(input, fake);
    expect(second.output).toEqual(first.output);
    expect(fake.children).toHaveLength(2);
  });

  it('too many people are refused before anybody is mailed', async () => {
    const fake = fakeTask(notifyMentions);
    const text = Array.from({ length: MAX_MENTIONS + 1 }, (_, i) => `@u${i}`).join(' ');
    await expect(run({ text, domain: 'example.org' }, fake)).rejects.toMatchObject({
      type: 'TooManyMentions',
      data: { found: MAX_MENTIONS + 1, limit: MAX_MENTIONS },
    });
    expect(fake.children).toEqual([]);
  });

  it('names of JavaScript’s own are no users', async () => {
    const { output } = await run({ text: '@constructor @__proto__ @toString', users: { ann: 'a@example.org' } });
    expect(output.unknown).toEqual(['constructor', '__proto__', 'toString']);
  });
});
