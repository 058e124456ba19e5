import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { safeName, Scratch, type FileStore } from '@lovage/files';

/** What a server says of the content it sends, to be sent along when the rest is asked for. */
export interface Validator {
  readonly kind: 'etag' | 'last-modified';
  readonly value: string;
}

/** A file on its way, and the hash of what is there of it. */
export interface Partial {
  readonly scratch: Scratch;
  readonly hash: Hash;
}

/** Begun by an earlier attempt. */
export interface Carried extends Partial {
  readonly validator: Validator;
}

interface State {
  /** SHA-256 of the URL, which may hold secrets. */
  readonly url: string;
  readonly validator: Validator;
}

/**
 * What the attempts of one task have left of its download. An attempt never writes into the file of an earlier one, but
 * copies it: that one's worker may be alive, only thought to be dead, and still write.
 */
export class Partials {
  private constructor(
    private readonly folder: string,
    private readonly url: string,
  ) {}

  static async of(store: FileStore, taskId: string, url: string): Promise<Partials> {
    const folder = join(await store.unfinished(), `download-${safeName(taskId)}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Partials(folder, createHash('sha256').update(url).digest('hex'));
  }

  /** A new file for this attempt. */
  async begin(): Promise<Partial> {
    return { scratch: await Scratch.create(join(this.folder, `${randomUUID()}.part`)), hash: createHash('sha256') };
  }

  /** Lets later attempts go on with this file, as long as the server still has the content of this validator. */
  async keep({ scratch }: Partial, validator: Validator): Promise<void> {
    await writeFile(stateOf(scratch.file), JSON.stringify({ url: this.url, validator } satisfies State), {
      mode: 0o600,
    });
  }

  /** The most that an earlier attempt has left of this URL, as a file of this attempt; undefined: nothing of use. */
  async carry(signal: AbortSignal): Promise<Carried | undefined> {
    const names = await readdir(this.folder);
    const found = await Promise.all(names.filter((name) => name.endsWith('.part')).map((name) => this.look(name)));
    const best = found.filter((left) => left !== undefined).sort((a, b) => b.bytes - a.bytes)[0];
    if (!best) return undefined;
    const partial = await this.begin();
    try {
      // Reading it is needed for the hash anyway.
      for await (const chunk of createReadStream(best.file, { end: best.bytes - 1, signal })) {
        partial.hash.update(chunk as Buffer);
        await partial.scratch.write(chunk as Buffer);
      }
      await this.keep(partial, best.validator);
    } catch (error) {
      await partial.scratch.discard();
      signal.throwIfAborted();
      throw error;
    }
    await Promise.all(names.map((name) => rm(join(this.folder, name), { force: true })));
    return { ...partial, validator: best.validator };
  }

  /** Gives up one file. */
  async drop({ scratch }: Partial): Promise<void> {
    await rm(stateOf(scratch.file), { force: true });
    await scratch.discard();
  }

  /** Nothing is left of the download but what got its name. */
  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async look(name: string): Promise<{ file: string; bytes: number; validator: Validator } | undefined> {
    const file = join(this.folder, name);
    try {
      const state = JSON.parse(await readFile(stateOf(file), 'utf8')) as State;
      const { size: bytes } = await stat(file);
      return state.url === this.url && bytes > 0 ? { file, bytes, validator: state.validator } : undefined;
    } catch {
      // No state, or half of one: killed before it was written. Such a file is of no use.
      return undefined;
    }
  }
}

const stateOf = (file: string): string => file.replace(/part$/, 'json');

/**
 * By what the rest of a content can be asked for: a strong ETag, or a Last-Modified so long before the answer that no
 * second change can have the same date (RFC 9110, 8.8.2.2). Undefined: the server offers neither.
 */
export function validatorOf(headers: IncomingHttpHeaders): Validator | undefined {
  const { etag, date, 'last-modified': modified } = headers;
  if (etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag)) return { kind: 'etag', value: etag };
  if (modified === undefined || date === undefined) return undefined;
  return Date.parse(date) - Date.parse(modified) >= 60_000 ? { kind: 'last-modified', value: modified } : undefined;
}
