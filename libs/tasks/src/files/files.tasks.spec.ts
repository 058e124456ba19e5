import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { downloadFile } from '@lovage/contracts';
import { FileStore, writeFile } from '@lovage/files';
import { validateOutput, validateProgress, type Input } from '@lovage/task';
import { startTypeScript } from '@lovage/testing';
import { content, serveContent, sha256, type ContentOptions } from '../testing/content-server.ts';
import { fakeTask } from '@lovage/runtime/testing';
import { TestFiles } from '../testing/test-files.ts';
import { WebServer } from '../testing/web-server.ts';
import { WebClient } from '../web/web-client.ts';
import { FilesTasks } from './files.tasks.ts';

const MB = 1024 ** 2;
const folder = '.unfinished/download-task';

/** Handlers of one data directory; each call is an attempt of one and the same task. */
function attempts(test: TestFiles, limit = 100 * MB) {
  const options = test.options({ limit, allowHosts: ['127.0.0.1'] });
  const handlers = new FilesTasks(options, new FileStore(test.files), new WebClient({ allowHosts: ['127.0.0.1'] }));
  return async (
    input: Input<typeof downloadFile>,
    during: (bytes: number, abort: (reason: Error) => void) => void = () => undefined,
  ) => {
    const { task, reported, abort } = fakeTask(downloadFile);
    const progress = (value: (typeof reported)[number]) => {
      reported.push(validateProgress(downloadFile, value));
      during(value.bytes, abort);
    };
    return { output: validateOutput(downloadFile, await handlers.download(input, { ...task, progress })), reported };
  };
}

const left = (test: TestFiles): string[] =>
  existsSync(join(test.files, folder)) ? readdirSync(join(test.files, folder)) : [];
const declared = (type: string, data: unknown = expect.anything()) =>
  expect.objectContaining({ code: 'declared_error', type, data }) as Error;

describe('files.download', () => {
  it('writes 50 MB as one file, with progress and its hash', async () => {
    using test = new TestFiles();
    const bytes = content(50 * MB);
    await using server = await WebServer.start(serveContent(() => bytes, { etag: '"1"' }));
    const { output, reported } = await attempts(test)({
      url: server.url('/a/big%20file.bin?token=secret'),
      sha256: sha256(bytes).toUpperCase(),
    });
    expect(output).toEqual({
      path: 'downloads/task/big file.bin',
      bytes: bytes.length,
      sha256: sha256(bytes),
      contentType: 'application/octet-stream',
      resumedAt: 0,
    });
    expect(readFileSync(join(test.files, output.path)).equals(bytes)).toBe(true);
    expect(reported[0]).toEqual({ bytes: 0, total: bytes.length, percent: 0 });
    expect(reported.at(-1)).toEqual({ bytes: bytes.length, total: bytes.length, percent: 100 });
    expect(reported.map((step) => step.bytes)).toEqual(reported.map((step) => step.bytes).sort((a, b) => a - b));
    expect(left(test)).toEqual([]);
  });

  it('after a kill -9 in the middle goes on where it was: one file, with the right hash', async () => {
    using test = new TestFiles();
    const bytes = content(50 * MB);
    let first = true;
    await using server = await WebServer.start(
      serveContent(() => bytes, { etag: '"1"', stallAt: () => (first ? 20 * MB : undefined) }),
    );
    const options = test.options({ allowHosts: [server.host] });
    const script = fileURLToPath(new URL('../testing/download-child.ts', import.meta.url));
    const child = await startTypeScript(script, [JSON.stringify([options, server.url('/big.bin')])], {
      ready: 'begun',
    });
    await child.line(/^bytes [1-9]\d{6,}$/, { timeoutMs: 20_000 });
    await child.kill();
    expect(readdirSync(test.files)).toEqual(['.unfinished']);

    first = false;
    const { output, reported } = await attempts(test)({ url: server.url('/big.bin') });
    expect(output).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes), path: 'downloads/task/big.bin' });
    expect(output.resumedAt).toBeGreaterThan(MB);
    expect(output.resumedAt).toBeLessThanOrEqual(20 * MB);
    expect(reported[0]!.bytes).toBe(output.resumedAt);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]!.headers).toMatchObject({ range: `bytes=${output.resumedAt}-`, 'if-range': '"1"' });
    expect(sha256(readFileSync(join(test.files, output.path)))).toBe(sha256(bytes));
    expect(readdirSync(join(test.files, 'downloads/task'))).toEqual(['big.bin']);
    expect(left(test)).toEqual([]);
  });

  /** A first attempt that ends in the middle, and a second one with the server as it is then. */
  async function twice(
    test: TestFiles,
    before: [Buffer, ContentOptions],
    after: [Buffer, ContentOptions],
    input: { sha256?: string } = {},
  ) {
    let [serving, served] = before;
    let now = serveContent(() => serving, { ...served, stallAt: () => 2 * MB });
    await using server = await WebServer.start((request, response) => now(request, response));
    const attempt = attempts(test);
    const url = server.url('/x');
    const shutdown = (received: number, abort: (reason: Error) => void) => received > 0 && abort(new Error('shutdown'));
    await expect(attempt({ url }, shutdown)).rejects.toThrow('shutdown');
    [serving, served] = after;
    now = serveContent(() => serving, served);
    const { output } = await attempt({ url, ...input });
    expect(readFileSync(join(test.files, output.path)).equals(serving)).toBe(true);
    expect(output.sha256).toBe(sha256(serving));
    expect(left(test)).toEqual([]);
    return { output, ranges: server.requests.map(({ headers }) => headers.range !== undefined) };
  }
  const old = content(4 * MB);
  const changed = content(4 * MB, 7);

  it('goes on after a stop in order', async () => {
    using test = new TestFiles();
    const { output } = await twice(test, [old, { etag: '"1"' }], [old, { etag: '"1"' }]);
    expect(output.resumedAt).toBeGreaterThan(0);
  });

  it('begins again when the content has changed', async () => {
    using test = new TestFiles();
    const { output, ranges } = await twice(test, [old, { etag: '"1"' }], [changed, { etag: '"2"' }]);
    expect(output.resumedAt).toBe(0);
    expect(ranges).toEqual([false, true]);
  });

  it.each([
    ['no ETag', {}],
    ['a weak ETag', { etag: 'W/"1"' }],
  ])('begins again where the server gave %s', async (_what, options) => {
    using test = new TestFiles();
    const { output, ranges } = await twice(test, [old, options], [old, options]);
    expect(output.resumedAt).toBe(0);
    expect(ranges).toEqual([false, false]);
  });

  it('begins again when the server gives whole contents only', async () => {
    using test = new TestFiles();
    const { output } = await twice(test, [old, { etag: '"1"' }], [changed, { etag: '"1"', ranges: false }]);
    expect(output.resumedAt).toBe(0);
  });

  it('begins again when what was left spoils the hash', async () => {
    using test = new TestFiles();
    const { output, ranges } = await twice(test, [old, { etag: '"1"' }], [changed, { etag: '"1"' }], {
      sha256: sha256(changed),
    });
    expect(output.resumedAt).toBe(0);
    expect(ranges).toEqual([false, true, false]);
  });

  it('another content than expected leaves nothing', async () => {
    using test = new TestFiles();
    await using server = await WebServer.start(serveContent(() => old));
    const expected = '0'.repeat(64);
    await expect(attempts(test)({ url: server.url('/x'), sha256: expected })).rejects.toEqual(
      declared('ChecksumMismatch', { expected, actual: sha256(old) }),
    );
    expect(readdirSync(test.files)).toEqual(['.unfinished']);
    expect(left(test)).toEqual([]);
  });

  it('is bounded, whether the server tells the size or not', async () => {
    using test = new TestFiles();
    await using server = await WebServer.start((request, response) => {
      if (request.url === '/told') response.writeHead(200, { 'content-length': String(3 * MB) });
      response.end(content(3 * MB));
    });
    const attempt = attempts(test, 2 * MB);
    for (const path of ['/told', '/chunked'])
      await expect(attempt({ url: server.url(path) })).rejects.toEqual(declared('TooLarge', { limit: 2 * MB }));
    await expect(attempt({ url: server.url('/told'), maxBytes: 5 })).rejects.toEqual(
      declared('TooLarge', { limit: 5 }),
    );
    expect(left(test)).toEqual([]);
  });

  it('4xx is final, 5xx and 429 may pass', async () => {
    using test = new TestFiles();
    await using server = await WebServer.start((request, response) =>
      response.writeHead(Number(request.url!.slice(1))).end(),
    );
    const attempt = attempts(test);
    for (const status of [404, 403, 410])
      await expect(attempt({ url: server.url(`/${status}`) })).rejects.toEqual(declared('HttpStatus', { status }));
    for (const status of [500, 503, 429])
      await expect(attempt({ url: server.url(`/${status}`) })).rejects.toMatchObject({ code: 'fetch_failed' });
  });

  it('private addresses and bad paths are declared errors', async () => {
    using test = new TestFiles();
    const attempt = attempts(test);
    await expect(attempt({ url: 'http://10.0.0.1/x' })).rejects.toEqual(
      declared('UrlRefused', { host: '10.0.0.1', reason: 'address' }),
    );
    for (const path of ['../x', '/etc/x', '.unfinished/x'])
      await expect(attempt({ url: 'http://127.0.0.1:1/x', path })).rejects.toEqual(declared('PathInvalid', { path }));
  });

  it('leaves a file of another content that is at the path; a second run finds its own', async () => {
    using test = new TestFiles();
    await writeFile(new FileStore(test.files), 'a/b.txt', [Buffer.from('uploaded')]);
    let bytes = Buffer.from('fetched');
    await using server = await WebServer.start(serveContent(() => bytes));
    const attempt = attempts(test);
    await expect(attempt({ url: server.url('/'), path: 'a/b.txt' })).rejects.toEqual(
      declared('FileExists', { path: 'a/b.txt' }),
    );
    expect(readFileSync(join(test.files, 'a/b.txt'), 'utf8')).toBe('uploaded');
    expect(left(test)).toEqual([]);
    for (let run = 0; run < 2; run += 1)
      expect((await attempt({ url: server.url('/'), path: 'a/c.txt' })).output).toMatchObject({ path: 'a/c.txt' });
    // Its own folder belongs to the task.
    await attempt({ url: server.url('/x') });
    bytes = Buffer.from('changed');
    expect((await attempt({ url: server.url('/x') })).output.sha256).toBe(sha256(bytes));
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)(
    'decodes %s that the server forces: bytes and hash are of what is in the file',
    async (coding, encode) => {
      using test = new TestFiles();
      const bytes = Buffer.alloc(MB, 'lovage ');
      const encoded = encode(bytes);
      await using server = await WebServer.start((_request, response) =>
        response
          .writeHead(200, { 'content-encoding': coding, 'content-length': encoded.length, etag: '"1"' })
          .end(encoded),
      );
      const { output } = await attempts(test)({ url: server.url('/x'), sha256: sha256(bytes) });
      expect(output).toMatchObject({ bytes: MB, sha256: sha256(bytes), contentEncoding: coding });
      expect(readFileSync(join(test.files, output.path)).equals(bytes)).toBe(true);
      // The limit is one of the decoded bytes.
      await expect(attempts(test, MB - 1)({ url: server.url('/x') })).rejects.toEqual(declared('TooLarge'));
    },
  );

  it('an encoded content that breaks off begins anew; an unknown coding is refused', async () => {
    using test = new TestFiles();
    const bytes = content(MB);
    const encoded = gzipSync(bytes);
    let cut = true;
    await using server = await WebServer.start((request, response) => {
      if (request.url === '/zstd') return void response.writeHead(200, { 'content-encoding': 'zstd' }).end('x');
      if (request.url === '/two') return void response.writeHead(200, { 'content-encoding': 'gzip, br' }).end('x');
      response.writeHead(200, { 'content-encoding': 'gzip', etag: '"1"' });
      response.end(cut ? encoded.subarray(0, MB / 2) : encoded);
    });
    const attempt = attempts(test);
    await expect(attempt({ url: server.url('/x') })).rejects.toMatchObject({ code: 'fetch_failed' });
    cut = false;
    expect((await attempt({ url: server.url('/x') })).output).toMatchObject({ resumedAt: 0, sha256: sha256(bytes) });
    expect(server.requests.at(-1)!.headers.range).toBeUndefined();
    for (const [path, encoding] of [
      ['/zstd', 'zstd'],
      ['/two', 'gzip, br'],
    ])
      await expect(attempt({ url: server.url(path!) })).rejects.toEqual(declared('EncodingRefused', { encoding }));
    expect(left(test)).toEqual([]);
  });

  it('what begins as it is and goes on encoded is fetched anew', async () => {
    using test = new TestFiles();
    const bytes = content(MB);
    let encodes = false;
    await using server = await WebServer.start((request, response) => {
      if (encodes && request.headers.range !== undefined) {
        response.writeHead(206, {
          etag: '"1"',
          'content-encoding': 'gzip',
          'content-range': `bytes ${MB / 2}-${MB - 1}/${MB}`,
        });
        response.end(gzipSync(bytes.subarray(MB / 2)));
      } else
        serveContent(() => bytes, { etag: '"1"', stallAt: () => (encodes ? undefined : MB / 2) })(request, response);
    });
    const attempt = attempts(test);
    await expect(
      attempt({ url: server.url('/x') }, (got, abort) => got >= MB / 2 && abort(new Error('stalled'))),
    ).rejects.toThrow('stalled');
    encodes = true;
    expect((await attempt({ url: server.url('/x') })).output).toMatchObject({ resumedAt: 0, sha256: sha256(bytes) });
  });

  it.each([429, 503])('%d is tried again after what Retry-After asks for', async (status) => {
    using test = new TestFiles();
    await using server = await WebServer.start((_request, response) =>
      response.writeHead(status, { 'retry-after': '120' }).end(),
    );
    await expect(attempts(test)({ url: server.url('/x') })).rejects.toMatchObject({
      code: 'fetch_failed',
      retryAfter: '120',
    });
  });

  it.each([
    ["attachment; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt; filename=other.txt", 'naïve €.txt'],
    ["attachment; filename*=ISO-8859-1''caf%E9.txt", 'café.txt'],
    ['attachment; filename="übersicht.pdf"', 'übersicht.pdf'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    ['inline', 'straße.bin'],
    ['attachment; filename="', 'straße.bin'],
    [`attachment; filename="${'x'.repeat(5000)}"`, 'straße.bin'],
  ])('is called what the server calls it: %s', async (disposition, name) => {
    using test = new TestFiles();
    await using server = await WebServer.start((_request, response) => {
      response.setHeader('content-disposition', Buffer.from(disposition).toString('latin1'));
      // Not with the end: with a known length Node encodes this header in a way of its own.
      response.write('x');
      response.end();
    });
    const { output } = await attempts(test)({ url: server.url('/stra%C3%9Fe.bin') });
    expect(output.path).toBe(`downloads/task/${name}`);
  });

  it('reads names in Latin-1 as well', async () => {
    using test = new TestFiles();
    await using server = await WebServer.start((request, response) => {
      if (request.url === '/header') response.setHeader('content-disposition', 'attachment; filename="caf\u00e9.txt"');
      response.write('x');
      response.end();
    });
    expect((await attempts(test)({ url: server.url('/header') })).output.path).toBe('downloads/task/café.txt');
    expect((await attempts(test)({ url: server.url('/caf%E9.txt') })).output.path).toBe('downloads/task/café.txt');
  });

  it('takes the path given, replacing what is there where it is told to; an empty file is one', async () => {
    using test = new TestFiles();
    let bytes = Buffer.from('one');
    await using server = await WebServer.start(serveContent(() => bytes));
    const attempt = attempts(test);
    await attempt({ url: server.url('/'), path: 'a/b.txt' });
    bytes = Buffer.alloc(0);
    const { output, reported } = await attempt({ url: server.url('/'), path: 'a/b.txt', replace: true });
    expect(output).toMatchObject({ path: 'a/b.txt', bytes: 0, sha256: sha256(bytes) });
    expect(reported).toEqual([{ bytes: 0, total: 0, percent: 100 }]);
    expect((await attempt({ url: server.url('/..%2f..%2fetc%2fpasswd') })).output.path).toBe('downloads/task/passwd');
    expect((await attempt({ url: server.url('/') })).output.path).toBe('downloads/task/download');
  });
});
