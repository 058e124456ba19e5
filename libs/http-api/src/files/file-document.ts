import { z } from 'zod';

/** A file that was taken in. */
export const FileDocument = z
  .object({
    path: z
      .string()
      .meta({ description: 'What tasks name it by; `GET /api/files/{path}` gives it', example: 'photos/cat.jpg' }),
    bytes: z.int().meta({ description: 'Its size' }),
    sha256: z.string().meta({ description: 'SHA-256 of its content, hexadecimal' }),
  })
  .meta({ id: 'File' });
export type FileDocument = z.output<typeof FileDocument>;

/** Query of `GET /api/files`. */
export const FileListQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional().meta({ description: '`nextCursor` of the page before' }),
});

export const FileList = z
  .object({
    items: z.array(
      z.object({
        path: z.string().meta({ example: 'photos/cat.jpg' }),
        bytes: z.int(),
        modifiedAt: z.iso.datetime({ precision: 3 }).meta({ description: 'When it was written' }),
      }),
    ),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'For the parameter `cursor` of the next page; null: no more' }),
  })
  .meta({ id: 'FileList' });
export type FileList = z.output<typeof FileList>;
