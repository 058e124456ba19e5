import { join } from 'node:path';
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { FileStore } from '@lovage/files';
import { DemoTasks } from './demo/demo.tasks.ts';
import { FilesTasks } from './files/files.tasks.ts';
import { ImageTasks } from './image/image.tasks.ts';
import { MailTasks } from './mail/mail.tasks.ts';
import { mailSenderProvider } from './mail/mail-sender.provider.ts';
import { MaintenanceTasks } from './maintenance/maintenance.tasks.ts';
import { MathTasks } from './math/math.tasks.ts';
import { CONTRACTS, FILE_LEDGER, RETENTION, TASKS_OPTIONS, type TasksDeps, type TasksOptions } from './options.ts';
import { TextTasks } from './text/text.tasks.ts';
import { WebClient } from './web/web-client.ts';
import { WebhooksTasks } from './webhooks/webhooks.tasks.ts';

export { EncodingRefusedError, FetchFailedError, HttpStatusError, UrlRefusedError } from './web/errors.ts';
export type { WebRequest } from './web/redirect.ts';
export type { WebAnswer } from './web/web-answer.ts';
export { WebClient, type FetchOptions, type WebClientOptions } from './web/web-client.ts';
export { CLOCK } from './clock.ts';
export { RETENTION, TASKS_OPTIONS, type TasksDeps, type TasksOptions } from './options.ts';

/** The controllers whose methods run the contracts of `@lovage/contracts`. Add yours here. */
export const taskControllers: readonly Type[] = [
  MathTasks,
  DemoTasks,
  TextTasks,
  MailTasks,
  ImageTasks,
  FilesTasks,
  WebhooksTasks,
  MaintenanceTasks,
];

/** What a worker imports to serve them all. */
@Module({})
export class TasksModule {
  /** The handlers, and what they need, given or made of the options. */
  static with(options: TasksOptions, deps: TasksDeps): DynamicModule {
    const providers: Provider[] = [
      { provide: TASKS_OPTIONS, useValue: options },
      { provide: RETENTION, useValue: deps.retention },
      { provide: FILE_LEDGER, useValue: deps.files },
      { provide: CONTRACTS, useValue: deps.contracts },
      { provide: FileStore, useFactory: () => new FileStore(join(options.dataDir, 'files')) },
      { provide: WebClient, useFactory: () => new WebClient({ allowHosts: options.files.allowHosts }) },
      mailSenderProvider(options),
    ];
    return { module: TasksModule, controllers: [...taskControllers], providers };
  }
}
