import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { filePath, FileTooLargeError, safeName, type FileStore } from '@lovage/files';
import { newId } from '@lovage/foundation';
import type { FileDocument } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import type { GatewayPlatform, GatewayOptions } from '../deps.ts';
import { formOf } from './multipart.ts';
import { receiveFile } from './receive-file.ts';
import { UploadAllowance } from './upload-allowance.ts';

/** What a form has around its file, at most. */
const AROUND_BYTES = 64 * 1024;
const NO_QUOTA = { userBytes: Infinity, totalBytes: Infinity };

/** Takes files in: each is there as a whole, or not at all, and none takes the place of another. */
export class Uploads {
  constructor(
    private readonly store: FileStore,
    private readonly ledger: GatewayPlatform['files'],
    private readonly options: Pick<GatewayOptions['files'], 'limit' | 'quota'>,
  ) {}

  /**
   * @param path where to put it; undefined: `uploads/<id>/` and the name that its sender gave it.
   * @param owner the user whose quota it counts towards.
   * @throws ProblemError FilePathError FileTooLargeError FileQuotaError FileExistsError StorageFullError StoreUnavailableError
   */
  async take(request: FastifyRequest, path: string | undefined, owner: string): Promise<FileDocument> {
    const form = formOf(request);
    const checked = path === undefined ? undefined : filePath(path);
    const { limit, quota = NO_QUOTA } = this.options;
    // What is too large by its own word is not read at all.
    const told = request.headers['content-length'];
    const length = told === undefined ? undefined : Number(told);
    if ((length ?? 0) > limit + AROUND_BYTES) throw new FileTooLargeError(limit);
    const least = Math.max((length ?? 0) - AROUND_BYTES, 0);
    const allowance = await UploadAllowance.begin(this.ledger, { owner, quota, least, most: length });
    try {
      return await this.receive(form, request, checked, allowance);
    } catch (error) {
      await allowance.drop();
      throw error;
    }
  }

  private async receive(
    form: Readable,
    { headers }: FastifyRequest,
    path: string | undefined,
    allowance: UploadAllowance,
  ): Promise<FileDocument> {
    const { limit } = this.options;
    const scratch = await this.store.scratch();
    const hash = createHash('sha256');
    try {
      const { name } = await receiveFile(form, headers, limit + AROUND_BYTES, async (content: Readable) => {
        for await (const chunk of content as AsyncIterable<Buffer>) {
          if (scratch.bytes + chunk.length > limit) throw new FileTooLargeError(limit);
          await allowance.upTo(scratch.bytes + chunk.length);
          hash.update(chunk);
          await scratch.write(chunk);
        }
      });
      const { bytes } = scratch;
      const target = filePath(path ?? `uploads/${newId()}/${safeName(name)}`);
      await allowance.settle(target, bytes);
      return { path: await this.store.publish(scratch, target, false), bytes, sha256: hash.digest('hex') };
    } finally {
      await scratch.discard();
    }
  }
}
