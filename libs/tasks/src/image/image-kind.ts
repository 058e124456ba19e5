import type { FileHandle } from 'node:fs/promises';

const ascii = (bytes: Buffer, from: number, to: number): string => bytes.toString('latin1', from, to);

/**
 * Whether a file begins like an image of a kind that is taken. Looked at before the image library is: it would also read
 * SVG, PDF and others, which are programs rather than pictures, and it must never see one.
 */
export async function isImageKind(handle: FileHandle): Promise<boolean> {
  const bytes = Buffer.alloc(32);
  await handle.read(bytes, 0, bytes.length, 0);
  return (
    bytes.readUIntBE(0, 3) === 0xff_d8_ff ||
    ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n' ||
    /^GIF8[79]a$/.test(ascii(bytes, 0, 6)) ||
    (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') ||
    /^(?:II\*\0|MM\0\*)$/.test(ascii(bytes, 0, 4)) ||
    /^ftypavi[fs]$/.test(ascii(bytes, 4, 12))
  );
}
