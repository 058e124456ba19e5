import type sharp from 'sharp';

export interface PixelSize {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

export interface ResizeOptions {
  readonly fit: 'inside' | 'cover';
  readonly format: 'jpeg' | 'webp' | 'png';
  readonly quality: number;
}

export interface Resized {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Pixels of the largest image that is read: a camera's, with room to spare. Decoded it takes 256 MiB of memory. */
export const MAX_PIXELS = 64 * 1024 ** 2;
/** Longest side that an encoder of the format writes, pixels. */
export const MAX_SIDE: Readonly<Record<ResizeOptions['format'], number>> = {
  jpeg: 65_535,
  webp: 16_383,
  png: 2_147_483_647,
};
/** For one size, s. */
const TIMEOUT_S = 60;

/**
 * The kinds that are taken, as libvips names what reads them. All others are blocked in this process: SVG, PDF and the like
 * are programs rather than pictures.
 */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'].map((kind) => `VipsForeignLoad${kind}`);

let loaded: Promise<typeof sharp> | undefined;

/** The image library, when it is first needed: it brings some 30 MB of code into memory. */
function load(): Promise<typeof sharp> {
  loaded ??= import('sharp').then(({ default: found }) => {
    // Of files that are read once: a cache would only hold memory.
    found.cache(false);
    found.block({ operation: ['VipsForeignLoad'] });
    found.unblock({ operation: LOADERS });
    return found;
  });
  return loaded;
}

/** What stands in the head of an image, without decoding it. */
export async function dimensions(file: string): Promise<{ width: number; height: number }> {
  const { width, height } = await (await load())(file, { limitInputPixels: false }).metadata();
  return { width, height };
}

/** No kind that is taken, as the library says it: none of its loaders knows the file, or it has no decoder for what is in it. */
export const isUnknownKind = ({ message }: Error): boolean =>
  /unsupported image format|unsupported codec/i.test(message);

/** The image can be read; the version of this size is larger than its format can be. */
export const isTooLargeToEncode = ({ message }: Error): boolean => message.startsWith('Processed image is too large');

/** It was not done within its time: a busy machine, not a broken image. */
export const isTimeout = ({ message }: Error): boolean => message.startsWith('timeout: ');

/** A smaller version: upright, in sRGB, without metadata. */
export async function resize(file: string, { width, height }: PixelSize, options: ResizeOptions): Promise<Resized> {
  const { fit, format, quality } = options;
  const image = (await load())(file, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
    .timeout({ seconds: TIMEOUT_S })
    .autoOrient()
    .resize({ width, height, fit, withoutEnlargement: true });
  if (format === 'jpeg') image.flatten({ background: '#fff' }).jpeg({ quality });
  else if (format === 'webp') image.webp({ quality });
  else image.png();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
