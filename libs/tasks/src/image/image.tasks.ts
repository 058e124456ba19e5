import { Controller, Inject, Optional } from '@nestjs/common';
import { thumbnail } from '@lovage/contracts';
import { FileStore, FileTooLargeError, safeName, writeFile } from '@lovage/files';
import { hasCode, toError } from '@lovage/foundation';
import { TaskHandler } from '@lovage/nest';
import { systemClock, type Clock } from '@lovage/ports';
import type { Input, Output, TaskContext } from '@lovage/task';
import { CLOCK } from '../clock.ts';
import { Gate } from '../gate.ts';
import { TASKS_OPTIONS, type TasksOptions } from '../options.ts';
import { declare } from '../web/declare.ts';
import { Patience } from '../web/patience.ts';
import { bodyOf, refuseStatus, WebClient } from '../web/web-client.ts';
import {
  dimensions,
  isTimeout,
  isTooLargeToEncode,
  isUnknownKind,
  MAX_PIXELS,
  MAX_SIDE,
  resize,
  type Resized,
} from './resize.ts';

/** Images worked on at once in one worker: each may take hundreds of megabytes, and keeps several threads busy by itself. */
const AT_ONCE = 2;
const FETCH_TIMEOUT_MS = 120_000;

type Task = TaskContext<typeof thumbnail>;

@Controller()
export class ImageTasks {
  private readonly gate = new Gate(AT_ONCE);

  constructor(
    @Inject(TASKS_OPTIONS) private readonly options: TasksOptions,
    private readonly store: FileStore,
    private readonly web: WebClient,
    @Optional() @Inject(CLOCK) private readonly clock: Clock = systemClock,
  ) {}

  @TaskHandler(thumbnail)
  async thumbnail(input: Input<typeof thumbnail>, task: Task): Promise<Output<typeof thumbnail>> {
    const { source } = input;
    try {
      if ('path' in source) return await this.ofPath(source.path, input, task);
      return await this.ofUrl(source.url, input, task);
    } catch (error) {
      const path = 'path' in source ? source.path : undefined;
      if (hasCode(error, 'file_missing')) throw thumbnail.error('FileMissing', { path: path! }, error.message);
      throw declare(thumbnail, error, path);
    }
  }

  /** Works on a private copy: what is checked is then what is decoded, even if the file is replaced in between. */
  private async ofPath(path: string, input: Input<typeof thumbnail>, task: Task): Promise<Output<typeof thumbnail>> {
    const scratch = await this.store.copy(path, task.signal);
    try {
      return await this.ofFile(scratch.file, input, task);
    } finally {
      await scratch.discard();
    }
  }

  private async ofUrl(url: string, input: Input<typeof thumbnail>, task: Task): Promise<Output<typeof thumbnail>> {
    const patience = new Patience(this.clock, task.signal, FETCH_TIMEOUT_MS);
    const scratch = await this.store.scratch();
    try {
      const { limit } = this.options.files;
      const response = await this.web.get(url, patience);
      if (response.statusCode !== 200) refuseStatus(response, url);
      for await (const chunk of bodyOf(response, url, patience)) {
        if (scratch.bytes + chunk.length > limit) throw new FileTooLargeError(limit);
        await scratch.write(chunk);
      }
      await scratch.close();
      return await this.ofFile(scratch.file, input, task);
    } finally {
      patience.close();
      await scratch.discard();
    }
  }

  private ofFile(file: string, input: Input<typeof thumbnail>, task: Task): Promise<Output<typeof thumbnail>> {
    return this.gate.pass(task.signal, async () => {
      await checkImage(file);
      const { sizes, fit = 'inside', format = 'webp', quality = 80 } = input;
      const made: Output<typeof thumbnail> = [];
      const impossible: { width?: number | undefined; height?: number | undefined }[] = [];
      for (const [index, size] of sizes.entries()) {
        task.signal.throwIfAborted();
        const resized = await resize(file, size, { fit, format, quality }).catch(orTooLarge);
        if (resized === undefined) {
          impossible.push(size);
          continue;
        }
        const { data, width, height } = resized;
        // Named by the task, so that another run writes the same files again.
        const name = `${index + 1}-${width}x${height}.${format === 'jpeg' ? 'jpg' : format}`;
        const { path, bytes } = await writeFile(this.store, `thumbnails/${safeName(task.id)}/${name}`, [data]);
        made.push({ path, width, height, bytes });
      }
      if (impossible.length > 0)
        throw thumbnail.error(
          'SizeImpossible',
          { sizes: impossible, format, limit: MAX_SIDE[format], made },
          `${impossible.length} of ${sizes.length} sizes are longer than the ${MAX_SIDE[format]} pixels of ${format}; the others are made`,
        );
      return made;
    });
  }
}

/** @throws DeclaredError `NotAnImage`, `TooManyPixels` */
async function checkImage(file: string): Promise<void> {
  const { width, height } = await dimensions(file).catch(refused);
  if (width * height > MAX_PIXELS)
    throw thumbnail.error(
      'TooManyPixels',
      { width, height, limit: MAX_PIXELS },
      `${width} × ${height} pixels are more than the ${MAX_PIXELS} that are taken`,
    );
}

/** Undefined: this size cannot be encoded, others may. @throws what {@link refused} does */
function orTooLarge(error: unknown): Resized | undefined {
  return isTooLargeToEncode(toError(error)) ? undefined : refused(error);
}

/** @throws DeclaredError `NotAnImage`; a timeout as it is, which may pass */
function refused(thrown: unknown): never {
  const error = toError(thrown);
  if (isTimeout(error)) throw error;
  if (isUnknownKind(error))
    throw thumbnail.error('NotAnImage', { reason: 'format' }, 'this is no JPEG, PNG, WebP, GIF, AVIF or TIFF image');
  throw thumbnail.error('NotAnImage', { reason: 'broken' }, `the image cannot be read: ${error.message}`);
}
