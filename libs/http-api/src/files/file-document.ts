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

const quota = (whose: string) =>
  z
    .int()
    .nullable()
    .meta({ description: `What ${whose} may store, bytes; null: any amount` });

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
    usage: z
      .object({
        bytes: z.int().meta({ description: 'What your uploads count for: each at least 4096' }),
        quota: quota('a user'),
        totalBytes: z.int().meta({ description: 'What all files count for' }),
        totalQuota: quota('all together'),
      })
      .meta({ description: 'What is stored, as of the last sweep where files were written by tasks' }),
  })
  .meta({ id: 'FileList' });
export type FileList = z.output<typeof FileList>;
