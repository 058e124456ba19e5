import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { newId } from '@lovage/foundation';
import { FileExistsError, FileMissingError, FilePathError } from './errors.ts';
import { filePath, type FilePath } from './file-path.ts';
import { codeOf, writeError } from './node-errors.ts';
import { Scratch } from './scratch.ts';

/** A file open for reading; the one who gets it closes it. */
export interface OpenFile {
  readonly path: FilePath;
  readonly handle: FileHandle;
  readonly bytes: number;
  /** When it was last written, ms since the epoch. */
  readonly modifiedAt: number;
  /** Another text for every other content: files are replaced as a whole, never changed. */
  readonly version: string;
}

/** A file, as a list tells of it. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  /** When it was last written, ms since the epoch. */
  readonly modifiedAt: number;
}

/** Name of the folder, in that of the store, that holds what is not finished. No {@link FilePath} leads there. */
const UNFINISHED = '.unfinished';
/** On Windows there is neither of the two flags, nor the links and pipes that they are for. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Files in one folder. A file is there as a whole or not at all: it is written under another name, brought to the disk and
 * then renamed. No path leads out of the folder; links in it are not followed.
 *
 * A user who may write into the folder by other means than this could put a link into the place of a folder between check
 * and use: the folder must belong to the platform alone.
 */
export class FileStore {
  private made: Promise<string> | undefined;

  /** @param folder absolute; made when first needed. */
  constructor(private readonly folder: string) {}

  /**
   * The absolute place of an existing file, for libraries that want one.
   * @throws FilePathError FileMissingError
   */
  async locate(path: string): Promise<string> {
    const file = await this.open(path);
    await file.handle.close();
    return join(await this.root(), file.path);
  }

  /** @throws FilePathError FileMissingError also for a folder, a link, or anything else that is no file. */
  async open(path: string): Promise<OpenFile> {
    const checked = filePath(path);
    const root = await this.root();
    const missing = (cause?: unknown) => Object.assign(new FileMissingError(checked), { cause });
    if (!(await foldersOn(root, checked))) throw missing();
    const handle = await open(join(root, checked), READ).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO', 'ENAMETOOLONG'].includes(codeOf(error)))
        throw missing(error);
      throw error;
    });
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) {
      await handle.close();
      throw missing();
    }
    const version = `${stat.ino.toString(36)}-${stat.size.toString(36)}-${stat.mtimeNs.toString(36)}`;
    return { path: checked, handle, bytes: Number(stat.size), modifiedAt: Number(stat.mtimeMs), version };
  }

  /**
   * The content of a file under a name that no path leads to: it stays as it is, whatever becomes of the file. The caller
   * discards it.
   * @throws FilePathError FileMissingError StorageFullError, or the signal's reason
   */
  async copy(path: string, signal: AbortSignal): Promise<Scratch> {
    const { handle } = await this.open(path);
    let scratch: Scratch | undefined;
    try {
      scratch = await this.scratch();
      // Read through the open handle, not by name.
      for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 })) {
        signal.throwIfAborted();
        await scratch.write(chunk as Buffer);
      }
      await scratch.close();
      return scratch;
    } catch (error) {
      await scratch?.discard();
      throw error;
    } finally {
      await handle.close();
    }
  }

  /** Files in the order of their paths, folder by folder, from behind `after` on; `limit` at most. */
  async list({ after, limit }: { after?: string | undefined; limit: number }): Promise<ListedFile[]> {
    const found: ListedFile[] = [];
    const names = after === undefined ? [] : filePath(after).split('/');
    for await (const file of filesIn(await this.root(), '', names)) if (found.push(file) === limit) break;
    return found;
  }

  /** All files in the order of {@link list}, each folder read once. */
  async *walk(): AsyncGenerator<ListedFile> {
    yield* filesIn(await this.root(), '', []);
  }

  /** Whether there is a file of this path. */
  async has(path: string): Promise<boolean> {
    try {
      const { handle } = await this.open(path);
      await handle.close();
      return true;
    } catch (error) {
      if (error instanceof FileMissingError || error instanceof FilePathError) return false;
      throw error;
    }
  }

  /**
   * Deletes a file, and the folders that are empty then. Those who read it read on.
   * @throws FilePathError FileMissingError
   */
  async delete(path: string): Promise<FilePath> {
    const { handle, path: checked } = await this.open(path);
    await handle.close();
    const root = await this.root();
    await rm(join(root, checked)).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') throw new FileMissingError(checked);
      throw error;
    });
    for (let folder = posix.dirname(checked); folder !== '.'; folder = posix.dirname(folder))
      if (
        !(await rmdir(join(root, folder)).then(
          () => true,
          () => false,
        ))
      )
        break;
    return checked;
  }

  /** A new file without a name yet: write into it, then {@link publish} it. */
  async scratch(): Promise<Scratch> {
    return Scratch.create(join(await this.unfinished(), `${newId()}.new`));
  }

  /**
   * Gives a written file its name, all at once, and makes it durable. Readers see the old file or the new one.
   * @param replace false: a file that is there stays. Default true.
   * @throws FilePathError also when a file or link stands where a folder is needed
   * @throws FileExistsError
   */
  async publish(scratch: Scratch, path: string, replace = true): Promise<FilePath> {
    const checked = filePath(path);
    const root = await this.root();
    const target = join(root, checked);
    await scratch.finish();
    // A link is made only where nothing is, also when two do it at once.
    const name = () => (replace ? rename(scratch.file, target) : link(scratch.file, target));
    try {
      await this.makeFolders(root, checked);
      await name().catch(async (error: unknown) => {
        // A folder may have been deleted meanwhile, with the last file in it.
        if (codeOf(error) !== 'ENOENT') throw error;
        await this.makeFolders(root, checked);
        await name();
      });
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EEXIST') throw new FileExistsError(checked);
      if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'ENOTEMPTY')
        throw new FilePathError('a folder has this path');
      throw error;
    }
    if (!replace) await rm(scratch.file, { force: true });
    await syncFolder(dirname(target));
    return checked;
  }

  /** Folder for what is not finished, which the store's owner may divide up as it likes. On the same disk as the files. */
  async unfinished(): Promise<string> {
    const folder = join(await this.root(), UNFINISHED);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** The folder itself, without links on the way to it. */
  root(): Promise<string> {
    this.made ??= mkdir(this.folder, { recursive: true, mode: 0o700 })
      .then(() => realpath(this.folder))
      .catch((error: unknown) => {
        // The next call may find it mended.
        this.made = undefined;
        throw error;
      });
    return this.made;
  }

  /** One by one, each looked at before the next is made in it: with a link among them, nothing is made behind it. */
  private async makeFolders(root: string, path: FilePath): Promise<void> {
    let folder = root;
    for (const name of path.split('/').slice(0, -1)) {
      folder = join(folder, name);
      await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw writeError(error);
      });
      if (!(await lstat(folder)).isDirectory())
        throw new FilePathError('a file or a link stands where it names a folder');
    }
  }
}

/** @param after names of the path to begin behind. */
async function* filesIn(root: string, folder: string, [first, ...rest]: readonly string[]): AsyncGenerator<ListedFile> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  const byName = entries
    .filter((entry) => !entry.name.startsWith('.') && (first === undefined || entry.name >= first))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of byName) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    const begun = entry.name === first;
    if (entry.isDirectory()) yield* filesIn(root, path, begun ? rest : []);
    else if (entry.isFile() && !begun) {
      // It may be gone by now.
      const stat = await lstat(join(root, path)).catch(() => undefined);
      if (stat?.isFile()) yield { path, bytes: stat.size, modifiedAt: stat.mtimeMs };
    }
  }
}

/** Whether all but the last name of the path are folders, real ones. */
async function foldersOn(root: string, path: FilePath): Promise<boolean> {
  const names = path.split('/').slice(0, -1);
  let folder = root;
  for (const name of names) {
    folder = join(folder, name);
    const stat = await lstat(folder).catch(() => undefined);
    if (!stat?.isDirectory()) return false;
  }
  return true;
}

/** Brings a folder's list of names to the disk, where the system has a way to. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(codeOf(error))) throw error;
  }
}
