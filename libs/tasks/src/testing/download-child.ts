import 'reflect-metadata';
import { join } from 'node:path';
import { downloadFile } from '@lovage/contracts';
import { FileStore } from '@lovage/files';
import { FilesTasks } from '../files/files.tasks.ts';
import type { TasksOptions } from '../options.ts';
import { WebClient } from '../web/web-client.ts';
import { fakeTask } from '@lovage/runtime/testing';

// Runs one download as a worker's process would, and tells its progress line by line.
const [options, url] = JSON.parse(process.argv[2]!) as [TasksOptions, string];
const { task } = fakeTask(downloadFile);
const handlers = new FilesTasks(
  options,
  new FileStore(join(options.dataDir, 'files')),
  new WebClient({ allowHosts: options.files.allowHosts }),
);
process.stdout.write('begun\n');
const output = await handlers.download(
  { url },
  { ...task, progress: ({ bytes }) => void process.stdout.write(`bytes ${bytes}\n`) },
);
process.stdout.write(`done ${JSON.stringify(output)}\n`);
