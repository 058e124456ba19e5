import { Controller, Inject, Optional } from '@nestjs/common';
import { downloadFile } from '@lovage/contracts';
import { FileStore } from '@lovage/files';
import { hasCode } from '@lovage/foundation';
import { TaskHandler } from '@lovage/nest';
import { systemClock, type Clock } from '@lovage/ports';
import type { Input, Output, TaskContext } from '@lovage/task';
import { CLOCK } from '../clock.ts';
import { TASKS_OPTIONS, type TasksOptions } from '../options.ts';
import { Throttle } from '../throttle.ts';
import { declare } from '../web/declare.ts';
import { WebClient } from '../web/web-client.ts';
import { Downloader, type ContentMismatchError } from './downloader.ts';

const DEFAULT_TIMEOUT_S = 900;
/** Between two reports of progress, ms: more often than people look costs more than it tells. */
const REPORT_EACH_MS = 250;

interface Received {
  readonly bytes: number;
  readonly total: number | null;
}

@Controller()
export class FilesTasks {
  private readonly downloader: Downloader;

  constructor(
    @Inject(TASKS_OPTIONS) private readonly options: TasksOptions,
    store: FileStore,
    web: WebClient,
    @Optional() @Inject(CLOCK) private readonly clock: Clock = systemClock,
  ) {
    this.downloader = new Downloader({ store, web, clock });
  }

  @TaskHandler(downloadFile)
  async download(
    { url, path, replace = false, sha256, maxBytes, timeout = DEFAULT_TIMEOUT_S }: Input<typeof downloadFile>,
    task: TaskContext<typeof downloadFile>,
  ): Promise<Output<typeof downloadFile>> {
    // Without the query, which often holds a signature.
    const { host, pathname } = new URL(url);
    task.log.info('downloading', { host, pathname });
    const { limit } = this.options.files;
    const received = this.reporter(task);
    try {
      const downloaded = await this.downloader.download(
        {
          taskId: task.id,
          url,
          path,
          replace,
          limitBytes: Math.min(limit, maxBytes ?? limit),
          timeoutMs: timeout * 1000,
          signal: task.signal,
          onBytes: (bytes, total) => received.push({ bytes, total }),
        },
        sha256,
      );
      received.flush();
      return downloaded;
    } catch (error) {
      if (hasCode(error, 'content_mismatch')) {
        const { actual, message } = error as ContentMismatchError;
        throw downloadFile.error('ChecksumMismatch', { expected: sha256!, actual }, message);
      }
      if (hasCode(error, 'file_exists')) throw downloadFile.error('FileExists', { path: path! }, error.message);
      throw declare(downloadFile, error, path);
    } finally {
      received.close();
    }
  }

  private reporter(task: TaskContext<typeof downloadFile>): Throttle<Received> {
    return new Throttle(this.clock, REPORT_EACH_MS, ({ bytes, total }) => {
      const percent = total === null ? null : total === 0 ? 100 : Math.floor((bytes / total) * 100);
      task.progress({ bytes, total, percent });
    });
  }
}
