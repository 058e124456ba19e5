import type { IncomingMessage } from 'node:http';
import { hasCode, LovageError } from '@lovage/foundation';
import {
  filePath,
  FileTooLargeError,
  hashOf,
  safeName,
  sweepUnfinished,
  type FileStore,
  type Scratch,
} from '@lovage/files';
import type { Clock } from '@lovage/ports';
import { contentEncoding } from '../web/content-encoding.ts';
import { FetchFailedError } from '../web/errors.ts';
import { Patience } from '../web/patience.ts';
import { bodyOf, refuseStatus, type WebClient } from '../web/web-client.ts';
import { dispositionName, urlName } from './file-names.ts';
import { Partials, validatorOf, type Carried, type Partial } from './partials.ts';

export interface DownloaderDeps {
  readonly store: FileStore;
  readonly web: WebClient;
  readonly clock: Clock;
}

export interface DownloadRequest {
  /** Attempts of one task share what is there already. */
  readonly taskId: string;
  readonly url: string;
  /** Default: `downloads/<task id>/` and the name that the server gives (`Content-Disposition`), or the last one of the URL. */
  readonly path: string | undefined;
  /** Take the place of a file at `path`. False: one of another content stays, and the download fails. */
  readonly replace: boolean;
  readonly limitBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told after each piece. */
  readonly onBytes: (bytes: number, total: number | null) => void;
}

export interface Downloaded {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly contentType: string | null;
  /** Coding that the server put on the content, and that was undone. */
  readonly contentEncoding: string | undefined;
  readonly resumedAt: number;
}

/** Content that is complete, not yet published. */
interface Fetched extends Partial {
  readonly contentType: string | null;
  readonly contentEncoding: string | undefined;
  /** What the server calls the file. */
  readonly name: string | undefined;
  readonly resumedAt: number;
}

/** The content is not what was asked for. Nothing is kept of it. */
export class ContentMismatchError extends LovageError {
  readonly code = 'content_mismatch';
  constructor(readonly actual: string) {
    super('the content has another SHA-256');
  }
}

/** Unfinished files that nobody has touched for so long belong to tasks that are over, ms: beyond any wait for a retry. */
const STALE_MS = 7 * 24 * 3_600_000;
/** Failures after which what came is kept: another attempt may go on. */
const isPassing = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || hasCode(error, 'fetch_failed') || hasCode(error, 'storage_full');

/** Downloads into the store, going on where an earlier attempt of the same task has stopped. */
export class Downloader {
  private swept = false;

  constructor(private readonly deps: DownloaderDeps) {}

  /**
   * @param sha256 that the content must have; another one is {@link ContentMismatchError}.
   * @throws UrlRefusedError HttpStatusError FetchFailedError FileTooLargeError FilePathError FileExistsError
   *   StorageFullError
   */
  async download(request: DownloadRequest, sha256?: string): Promise<Downloaded> {
    const { store, clock } = this.deps;
    const given = request.path === undefined ? undefined : filePath(request.path);
    await this.sweepOnce();
    const partials = await Partials.of(store, request.taskId, request.url);
    const patience = new Patience(clock, request.signal, request.timeoutMs);
    try {
      let fetched = await this.fetch(request, partials, patience, await partials.carry(patience.signal));
      let actual = fetched.hash.digest('hex');
      if (sha256 !== undefined && actual !== sha256.toLowerCase() && fetched.resumedAt > 0) {
        // What an earlier attempt left may be what spoilt it.
        await partials.drop(fetched);
        fetched = await this.fetch(request, partials, patience, undefined);
        actual = fetched.hash.digest('hex');
      }
      if (sha256 !== undefined && actual !== sha256.toLowerCase()) {
        await partials.drop(fetched);
        throw new ContentMismatchError(actual);
      }
      const { scratch, contentType, contentEncoding: coding, resumedAt, name } = fetched;
      const path = given ?? defaultPath(request, name);
      const { bytes } = scratch;
      await this.publish(request, scratch, path, actual);
      await partials.clear();
      return { path, bytes, sha256: actual, contentType, contentEncoding: coding, resumedAt };
    } catch (error) {
      if (!isPassing(error, patience.signal)) await partials.clear();
      throw error;
    } finally {
      patience.close();
    }
  }

  private async fetch(
    request: DownloadRequest,
    partials: Partials,
    patience: Patience,
    carried: Carried | undefined,
  ): Promise<Fetched> {
    const { url } = request;
    let partial: Partial | undefined = carried;
    try {
      let response = await this.deps.web.get(url, patience, carried && rangeHeaders(carried));
      const offset = carried ? goesOn(response, carried) : undefined;
      if (carried && response.statusCode !== 200 && offset === undefined) {
        // It cannot go on there, and has not sent all: once more from the start.
        response.destroy();
        response = await this.deps.web.get(url, patience);
      }
      if (offset === undefined) {
        if (response.statusCode !== 200) refuseStatus(response, url);
        if (carried) await partials.drop(carried);
        partial = await partials.begin();
        // The rest of an encoded content cannot be asked for: ranges count its encoded bytes.
        const validator = contentEncoding(response) === undefined ? validatorOf(response.headers) : undefined;
        if (validator) await partials.keep(partial, validator);
      }
      const contentType = response.headers['content-type']?.slice(0, 200) ?? null;
      await receive(request, response, partial!, patience);
      return {
        ...partial!,
        contentType,
        contentEncoding: contentEncoding(response),
        name: dispositionName(response.headers['content-disposition']),
        resumedAt: offset ?? 0,
      };
    } catch (error) {
      await partial?.scratch.close();
      throw error;
    }
  }

  /** The folder of a task is its own; elsewhere only a file of the same content is taken for that of an earlier run. */
  private async publish({ path: given, replace }: DownloadRequest, scratch: Scratch, path: string, sha256: string) {
    const { store } = this.deps;
    try {
      await store.publish(scratch, path, replace || given === undefined);
    } catch (error) {
      if (!hasCode(error, 'file_exists') || (await hashOf(store, path)) !== sha256) throw error;
    }
  }

  private async sweepOnce(): Promise<void> {
    if (this.swept) return;
    this.swept = true;
    await sweepUnfinished(this.deps.store, STALE_MS, this.deps.clock.now());
  }
}

async function receive(
  { url, limitBytes, onBytes }: DownloadRequest,
  response: IncomingMessage,
  { scratch, hash }: Partial,
  patience: Patience,
): Promise<void> {
  // Of an encoded content the length says nothing of the file's.
  const rest = contentEncoding(response) === undefined ? wholeNumber(response.headers['content-length']) : null;
  const total = response.statusCode === 416 ? scratch.bytes : rest === null ? null : scratch.bytes + rest;
  const refuseLarge = () => {
    response.destroy();
    throw new FileTooLargeError(limitBytes);
  };
  if ((total ?? scratch.bytes) > limitBytes) refuseLarge();
  onBytes(scratch.bytes, total);
  if (response.statusCode === 416) return void response.destroy();
  for await (const chunk of bodyOf(response, url, patience)) {
    if (scratch.bytes + chunk.length > limitBytes) refuseLarge();
    hash.update(chunk);
    await scratch.write(chunk);
    onBytes(scratch.bytes, total);
  }
  if (total !== null && scratch.bytes !== total)
    throw new FetchFailedError(`${new URL(url).host} sent ${scratch.bytes} of ${total} bytes`);
}

function rangeHeaders({ scratch, validator }: Carried): Record<string, string> {
  return { range: `bytes=${scratch.bytes}-`, 'if-range': validator.value };
}

/** Where the answer goes on: behind what is there, of the same content; undefined for any other answer. */
function goesOn(response: IncomingMessage, { scratch, validator }: Carried): number | undefined {
  const { statusCode, headers } = response;
  if (contentEncoding(response) !== undefined) return undefined;
  const now = validator.kind === 'etag' ? headers.etag : headers['last-modified'];
  if (now !== undefined && now !== validator.value) return undefined;
  const range = headers['content-range'] ?? '';
  const [, first] = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(range) ?? [];
  if (statusCode === 206) return Number(first) === scratch.bytes ? scratch.bytes : undefined;
  // All of it had come already. Only from a server that says which content it speaks of.
  return statusCode === 416 && now !== undefined && range === `bytes */${scratch.bytes}` ? scratch.bytes : undefined;
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function defaultPath({ taskId, url }: DownloadRequest, name: string | undefined): string {
  return filePath(`downloads/${safeName(taskId)}/${safeName(name ?? urlName(url), 'download')}`);
}
