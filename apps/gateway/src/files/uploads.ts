import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { filePath, FileTooLargeError, safeName, type FileStore } from '@lovage/files';
import { newId } from '@lovage/foundation';
import type { FileDocument } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { formOf } from './multipart.ts';
import { receiveFile } from './receive-file.ts';

/** What a form has around its file, at most. */
const AROUND_BYTES = 64 * 1024;

/** Takes files in: each is there as a whole, or not at all, and none takes the place of another. */
export class Uploads {
  constructor(
    private readonly store: FileStore,
    private readonly limitBytes: number,
  ) {}

  /**
   * @param path where to put it; undefined: `uploads/<id>/` and the name that its sender gave it.
   * @throws ProblemError FilePathError FileTooLargeError FileExistsError StorageFullError
   */
  async take(request: FastifyRequest, path: string | undefined): Promise<FileDocument> {
    const form = formOf(request);
    const checked = path === undefined ? undefined : filePath(path);
    // What is too large by its own word is not read at all.
    const maxBytes = this.limitBytes + AROUND_BYTES;
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new FileTooLargeError(this.limitBytes);
    const scratch = await this.store.scratch();
    const hash = createHash('sha256');
    try {
      const { name } = await receiveFile(form, request.headers, maxBytes, async (content: Readable) => {
        for await (const chunk of content as AsyncIterable<Buffer>) {
          if (scratch.bytes + chunk.length > this.limitBytes) throw new FileTooLargeError(this.limitBytes);
          hash.update(chunk);
          await scratch.write(chunk);
        }
      });
      const { bytes } = scratch;
      const target = checked ?? `uploads/${newId()}/${safeName(name)}`;
      return { path: await this.store.publish(scratch, target, false), bytes, sha256: hash.digest('hex') };
    } finally {
      await scratch.discard();
    }
  }
}
