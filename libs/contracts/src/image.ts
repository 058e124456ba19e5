import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { fetchErrors, pathErrors, storedPath, webUrl } from './files.ts';

const side = (description: string) =>
  z
    .int()
    .min(1)
    .max(4096)
    .optional()
    .meta({ description, examples: [320] });

const madeVersions = z.array(
  z.strictObject({
    path: z.string().meta({ description: 'Under `DATA_DIR/files`; `GET /api/files/{path}` gives it.' }),
    width: z.int().min(1).meta({ description: 'Pixels across.' }),
    height: z.int().min(1).meta({ description: 'Pixels down.' }),
    bytes: z.int().min(1).meta({ description: 'Size of the file.' }),
  }),
);

export const thumbnail = defineTask({
  name: 'image.thumbnail',
  summary: 'Makes small versions of an image',
  description:
    'Upright as the camera was held, in sRGB and without metadata (no place, no camera). Takes JPEG, PNG, WebP, GIF, AVIF and TIFF; of an animation the first frame. An image is made smaller, never larger.',
  input: z
    .strictObject({
      source: z
        .union([
          z.strictObject({ url: webUrl('Image on the web.') }),
          z.strictObject({ path: storedPath('Image under `DATA_DIR/files`.', 'photos/cat.jpg') }),
        ])
        .meta({ description: 'Where the image is: `{ "url": … }` or `{ "path": … }`.' }),
      sizes: z
        .array(
          z
            .strictObject({ width: side('Pixels across.'), height: side('Pixels down.') })
            .refine(
              ({ width, height }) => width !== undefined || height !== undefined,
              'give a width, a height, or both',
            ),
        )
        .min(1)
        .max(10)
        .meta({ description: 'Boxes that the small versions fit into; a side left out follows from the other.' }),
      fit: z
        .enum(['inside', 'cover'])
        .optional()
        .meta({
          description: 'inside (default): all of the image, within the box; cover: fills the box, cut at the edges.',
          examples: ['inside'],
        }),
      format: z
        .enum(['jpeg', 'webp', 'png'])
        .optional()
        .meta({ description: 'Default webp. With jpeg, what is transparent becomes white.', examples: ['webp'] }),
      quality: z
        .int()
        .min(1)
        .max(100)
        .optional()
        .meta({ description: 'Of jpeg and webp. Default 80.', examples: [80] }),
    })
    .meta({ examples: [{ source: { path: 'photos/cat.jpg' }, sizes: [{ width: 320 }, { width: 64, height: 64 }] }] }),
  output: madeVersions.meta({
    description: 'One for each size, in their order.',
    examples: [
      [
        {
          path: 'thumbnails/0199f0a0-0000-7000-8000-000000000000/1-320x240.webp',
          width: 320,
          height: 240,
          bytes: 9214,
        },
      ],
    ],
  }),
  errors: {
    ...fetchErrors,
    ...pathErrors,
    FileMissing: z
      .strictObject({ path: z.string().meta({ description: 'The path given.' }) })
      .meta({ description: 'There is no such file.' }),
    NotAnImage: z
      .strictObject({
        reason: z
          .enum(['format', 'broken'])
          .meta({ description: 'format: of no kind that is taken; broken: it cannot be read.' }),
      })
      .meta({ description: 'No image of a kind that is taken, or a broken one.' }),
    SizeImpossible: z
      .strictObject({
        sizes: z
          .array(z.strictObject({ width: side('Pixels across.'), height: side('Pixels down.') }))
          .meta({ description: 'The sizes that were not made, as given.' }),
        format: z.string().meta({ description: 'Format asked for.' }),
        limit: z.int().meta({ description: 'Pixels of a side that the format can have.' }),
        made: madeVersions.meta({ description: 'The other sizes: their files are there.' }),
      })
      .meta({ description: 'At these sizes the image would be longer than its format can be; the others are made.' }),
    TooManyPixels: z
      .strictObject({
        width: z.int().meta({ description: 'Pixels across.' }),
        height: z.int().meta({ description: 'Pixels down.' }),
        limit: z.int().meta({ description: 'Pixels allowed, across times down.' }),
      })
      .meta({ description: 'Larger than is taken, whatever the size of its file.' }),
  },
  defaults: { retry: { maxAttempts: 3, delay: '2s' }, softTimeLimit: '5m', timeLimit: '6m' },
});
