import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { thumbnail } from '@lovage/contracts';
import { FileStore } from '@lovage/files';
import { validateInput, validateOutput, type SubmitInput } from '@lovage/task';
import sharp, { type Sharp } from 'sharp';
import { fakeTask } from '@lovage/runtime/testing';
import { TestFiles } from '../testing/test-files.ts';
import { WebServer } from '../testing/web-server.ts';
import { WebClient } from '../web/web-client.ts';
import { ImageTasks } from './image.tasks.ts';
import { dimensions } from './resize.ts';

function handlersOf(test: TestFiles, limit = 10 * 1024 ** 2) {
  const options = test.options({ limit, allowHosts: ['127.0.0.1'] });
  const handlers = new ImageTasks(options, new FileStore(test.files), new WebClient({ allowHosts: ['127.0.0.1'] }));
  return async (input: SubmitInput<typeof thumbnail>, fake = fakeTask(thumbnail)) =>
    validateOutput(thumbnail, await handlers.thumbnail(validateInput(thumbnail, input), fake.task));
}

function put(test: TestFiles, name: string, bytes: Buffer | string): void {
  mkdirSync(test.files, { recursive: true });
  writeFileSync(join(test.files, name), bytes);
}

/** 80 × 40, its left half red and its right half blue; with `orientation`, as a camera stores what it was held to see so. */
function picture(): Sharp {
  const half = (background: string) => ({ create: { width: 40, height: 40, channels: 3 as const, background } });
  return sharp({ create: { width: 80, height: 40, channels: 3, background: 'white' } }).composite([
    { input: half('red'), left: 0, top: 0 },
    { input: half('blue'), left: 40, top: 0 },
  ]);
}

/** Red, green and blue of one pixel. */
async function pixel(file: string, left: number, top: number): Promise<number[]> {
  const { data } = await sharp(readFileSync(file))
    .extract({ left, top, width: 1, height: 1 })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [...data];
}
const isRed = ([r, g, b]: number[]) => r! > 200 && g! < 60 && b! < 60;
const isBlue = ([r, g, b]: number[]) => b! > 200 && g! < 60 && r! < 60;
const declared = (type: string, data: unknown = expect.anything()) =>
  expect.objectContaining({ code: 'declared_error', type, data }) as Error;

describe('image.thumbnail', () => {
  it('a rotated JPEG comes out upright and without metadata', async () => {
    using test = new TestFiles();
    // Stored lying on its side; orientation 6 says: turn it clockwise by 90°. Red, on the left as stored, is then on top.
    const stored = await picture()
      .jpeg()
      .withMetadata({ orientation: 6 })
      .withExif({ IFD0: { Copyright: 'somebody', Orientation: '6' } })
      .toBuffer();
    expect(await sharp(stored).metadata()).toMatchObject({ width: 80, height: 40, orientation: 6 });
    put(test, 'photo.jpg', stored);
    const made = await handlersOf(test)({
      source: { path: 'photo.jpg' },
      sizes: [{ height: 40 }, { width: 10 }],
      format: 'jpeg',
    });
    expect(made).toMatchObject([
      { path: 'thumbnails/task/1-20x40.jpg', width: 20, height: 40 },
      { path: 'thumbnails/task/2-10x20.jpg', width: 10, height: 20 },
    ]);
    const file = join(test.files, made[0]!.path);
    expect(readFileSync(file)).toHaveLength(made[0]!.bytes);
    expect(isRed(await pixel(file, 10, 5))).toBe(true);
    expect(isBlue(await pixel(file, 10, 35))).toBe(true);
    const { orientation, exif, format } = await sharp(readFileSync(file)).metadata();
    expect({ orientation, exif, format }).toEqual({ orientation: undefined, exif: undefined, format: 'jpeg' });
    expect(readFileSync(file).includes('somebody')).toBe(false);
  });

  it.each(['webp', 'png', 'jpeg'] as const)('makes %s; fits inside or covers; never enlarges', async (format) => {
    using test = new TestFiles();
    put(test, 'p.png', await picture().png().toBuffer());
    const run = handlersOf(test);
    const inside = await run({
      source: { path: 'p.png' },
      sizes: [{ width: 20, height: 20 }, { width: 4000 }],
      format,
    });
    expect(inside.map(({ width, height }) => [width, height])).toEqual([
      [20, 10],
      [80, 40],
    ]);
    const cover = await run({ source: { path: 'p.png' }, sizes: [{ width: 20, height: 20 }], fit: 'cover', format });
    expect(cover.map(({ width, height }) => [width, height])).toEqual([[20, 20]]);
    expect((await sharp(readFileSync(join(test.files, cover[0]!.path))).metadata()).format).toBe(format);
  });

  it('run again, it writes the same files again', async () => {
    using test = new TestFiles();
    put(test, 'p.png', await picture().png().toBuffer());
    const input: SubmitInput<typeof thumbnail> = { source: { path: 'p.png' }, sizes: [{ width: 20 }] };
    expect(await handlersOf(test)(input)).toEqual(await handlersOf(test)(input));
    expect(readdirSync(join(test.files, 'thumbnails/task'))).toEqual(['1-20x10.webp']);
  });

  it('takes an image from the web, and leaves nothing of it', async () => {
    using test = new TestFiles();
    const png = await picture().png().toBuffer();
    await using server = await WebServer.start((request, response) =>
      request.url === '/p.png' ? response.end(png) : response.writeHead(404).end(),
    );
    const run = handlersOf(test);
    const sizes = [{ width: 8 }];
    expect(await run({ source: { url: server.url('/p.png') }, sizes })).toMatchObject([{ width: 8, height: 4 }]);
    await expect(run({ source: { url: server.url('/none') }, sizes })).rejects.toEqual(
      declared('HttpStatus', { status: 404 }),
    );
    await expect(run({ source: { url: 'http://169.254.169.254/latest' }, sizes })).rejects.toEqual(
      declared('UrlRefused', { host: '169.254.169.254', reason: 'address' }),
    );
    await expect(handlersOf(test, 10)({ source: { url: server.url('/p.png') }, sizes })).rejects.toEqual(
      declared('TooLarge', { limit: 10 }),
    );
    expect(readdirSync(join(test.files, '.unfinished'))).toEqual([]);
  });

  it.each([
    ['text', Buffer.from('hello'), 'format'],
    ['nothing', Buffer.alloc(0), 'format'],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'), 'format'],
    ['PDF', Buffer.from('%PDF-1.7\n'), 'format'],
    ['a JPEG in name only', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4]), 'broken'],
    ['half a PNG head', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'broken'],
  ])('%s is refused', async (_what, bytes, reason) => {
    using test = new TestFiles();
    put(test, 'x.png', bytes);
    await expect(handlersOf(test)({ source: { path: 'x.png' }, sizes: [{ width: 1 }] })).rejects.toEqual(
      declared('NotAnImage', { reason }),
    );
    expect(existsSync(join(test.files, 'thumbnails'))).toBe(false);
  });

  it('what was checked is what is decoded, whatever takes the place of the file meanwhile', async () => {
    using test = new TestFiles();
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>';
    put(test, 'p.png', await picture().png().toBuffer());
    class SwappedStore extends FileStore {
      override async copy(...given: Parameters<FileStore['copy']>) {
        const copied = await super.copy(...given);
        put(test, 'p.png', svg);
        return copied;
      }
    }
    const handlers = new ImageTasks(test.options(), new SwappedStore(test.files), new WebClient({ allowHosts: [] }));
    const input = validateInput(thumbnail, { source: { path: 'p.png' }, sizes: [{ width: 20 }] });
    expect(await handlers.thumbnail(input, fakeTask(thumbnail).task)).toMatchObject([{ width: 20, height: 10 }]);
    expect(readdirSync(join(test.files, '.unfinished'))).toEqual([]);
    // And were one to come that far: the library has no way to read it.
    await expect(dimensions(join(test.files, 'p.png'))).rejects.toThrow('unsupported image format');
  });

  it.each(['avif', 'gif', 'jpeg', 'png', 'tiff', 'webp'] as const)('reads %s', async (format) => {
    using test = new TestFiles();
    put(test, 'p', await picture()[format]().toBuffer());
    const made = await handlersOf(test)({ source: { path: 'p' }, sizes: [{ width: 20 }] });
    expect(made).toMatchObject([{ width: 20, height: 10 }]);
  });

  it('recognises what the library does: AVIF under another brand, BigTIFF', async () => {
    using test = new TestFiles();
    const mif1 = await picture().avif().toBuffer();
    expect(mif1.toString('latin1', 4, 12)).toBe('ftypavif');
    mif1.write('mif1', 8, 'latin1');
    put(test, 'mif1', mif1);
    put(test, 'bigtiff', await picture().tiff({ bigtiff: true }).toBuffer());
    for (const path of ['mif1', 'bigtiff'])
      expect(await handlersOf(test)({ source: { path }, sizes: [{ width: 20 }] })).toMatchObject([{ height: 10 }]);
  });

  it('tells which sizes their format cannot hold, and makes the others', async () => {
    using test = new TestFiles();
    const long = sharp({ create: { width: 128, height: 17_000, channels: 3, background: 'red' } });
    put(test, 'long.png', await long.png().toBuffer());
    const run = handlersOf(test);
    const input = { source: { path: 'long.png' }, sizes: [{ width: 32 }, { width: 160 }, { height: 100 }] };
    const made = [
      { path: 'thumbnails/task/1-32x4250.webp', width: 32, height: 4250 },
      { path: 'thumbnails/task/3-1x100.webp', width: 1, height: 100 },
    ].map((version) => expect.objectContaining(version) as unknown);
    await expect(run(input)).rejects.toEqual(
      declared('SizeImpossible', { sizes: [{ width: 160 }], format: 'webp', limit: 16_383, made }),
    );
    expect(readdirSync(join(test.files, 'thumbnails/task')).sort()).toEqual(['1-32x4250.webp', '3-1x100.webp']);
    expect(await run({ ...input, format: 'png' })).toHaveLength(3);
  });

  it('a JPEG that breaks off is refused', async () => {
    using test = new TestFiles();
    const whole = await sharp({
      create: {
        width: 800,
        height: 800,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 120, sigma: 50 },
      },
    })
      .jpeg()
      .toBuffer();
    put(test, 'x.jpg', whole.subarray(0, whole.length / 2));
    await expect(handlersOf(test)({ source: { path: 'x.jpg' }, sizes: [{ width: 100 }] })).rejects.toEqual(
      declared('NotAnImage', { reason: 'broken' }),
    );
  });

  it('more pixels than are taken are refused by their number, however small the file', async () => {
    using test = new TestFiles();
    put(test, 'bomb.png', pngHead(20_000, 20_000));
    await expect(handlersOf(test)({ source: { path: 'bomb.png' }, sizes: [{ width: 1 }] })).rejects.toEqual(
      declared('TooManyPixels', { width: 20_000, height: 20_000, limit: 64 * 1024 ** 2 }),
    );
  });

  it('missing files and paths that lead out are declared errors', async () => {
    using test = new TestFiles();
    const run = handlersOf(test);
    await expect(run({ source: { path: 'none.jpg' }, sizes: [{ width: 1 }] })).rejects.toEqual(
      declared('FileMissing', { path: 'none.jpg' }),
    );
    await expect(run({ source: { path: '../../etc/passwd' }, sizes: [{ width: 1 }] })).rejects.toEqual(
      declared('PathInvalid', { path: '../../etc/passwd' }),
    );
  });

  it('ends when aborted', async () => {
    using test = new TestFiles();
    put(test, 'p.png', await picture().png().toBuffer());
    const fake = fakeTask(thumbnail);
    fake.abort(new Error('revoked'));
    await expect(handlersOf(test)({ source: { path: 'p.png' }, sizes: [{ width: 1 }] }, fake)).rejects.toThrow(
      'revoked',
    );
  });
});

/** The head of a PNG of this size, with the end of an image behind it: what a decompression bomb tells of itself. */
function pngHead(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, crc]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const parts = [
    chunk('IHDR', head),
    chunk('IDAT', Buffer.from([0x78, 0x9c, 3, 0, 0, 0, 0, 1])),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

/** As PNG has it (ISO 3309). */
function crc32(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
