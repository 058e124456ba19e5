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
