import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { writeError } from './node-errors.ts';

/** A file that is being written, under a name that no path leads to. */
export class Scratch {
  private written = 0;
  private open = true;

  private constructor(
    /** Where it is: absolute. */
    readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  static async create(file: string): Promise<Scratch> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    return new Scratch(
      file,
      await open(file, flags, 0o600).catch((error: unknown) => Promise.reject(writeError(error))),
    );
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.written;
  }

  /** Adds to the end. @throws StorageFullError */
  async write(chunk: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < chunk.length) {
      const { bytesWritten } = await this.handle
        .write(chunk, offset, chunk.length - offset)
        .catch((error: unknown) => Promise.reject(writeError(error)));
      offset += bytesWritten;
      this.written += bytesWritten;
    }
  }

  /** Brings it to the disk and closes it. Once is enough. @throws StorageFullError */
  async finish(): Promise<void> {
    if (!this.open) return;
    try {
      await this.handle.sync().catch((error: unknown) => Promise.reject(writeError(error)));
    } finally {
      await this.close();
    }
  }

  /** Closes it and leaves it as it is. */
  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.handle.close();
  }

  /** Closes and deletes it; after it got its name there is nothing to delete. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.file, { force: true });
  }
}
