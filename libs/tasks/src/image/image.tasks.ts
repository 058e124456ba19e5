import { open } from 'node:fs/promises';
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
import { isImageKind } from './image-kind.ts';
import { dimensions, MAX_PIXELS, resize } from './resize.ts';

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

  /** Works on a private copy: what is checked is then what is decoded, whoever replaces the file in between. */
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
      for (const [index, size] of sizes.entries()) {
        task.signal.throwIfAborted();
        const { data, width, height } = await resize(file, size, { fit, format, quality }).catch(broken);
        // Named by the task, so that another run writes the same files again.
        const name = `${index + 1}-${width}x${height}.${format === 'jpeg' ? 'jpg' : format}`;
        const { path, bytes } = await writeFile(this.store, `thumbnails/${safeName(task.id)}/${name}`, [data]);
        made.push({ path, width, height, bytes });
      }
      return made;
    });
  }
}

/** @throws DeclaredError `NotAnImage`, `TooManyPixels` */
async function checkImage(file: string): Promise<void> {
  const handle = await open(file);
  const taken = await isImageKind(handle).finally(() => handle.close());
  if (!taken)
    throw thumbnail.error('NotAnImage', { reason: 'format' }, 'this is no JPEG, PNG, WebP, GIF, AVIF or TIFF image');
  const { width, height } = await dimensions(file).catch(broken);
  if (width * height > MAX_PIXELS)
    throw thumbnail.error(
      'TooManyPixels',
      { width, height, limit: MAX_PIXELS },
      `${width} × ${height} pixels are more than the ${MAX_PIXELS} that are taken`,
    );
}

function broken(error: unknown): never {
  throw thumbnail.error('NotAnImage', { reason: 'broken' }, `the image cannot be read: ${toError(error).message}`);
}
