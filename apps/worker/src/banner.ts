import { maskUrl } from '@lovage/foundation';

export interface WorkerBanner {
  readonly name: string;
  readonly version: string;
  readonly broker: string;
  readonly databaseUrl: string;
  readonly concurrency: number;
  /** Slots of each of the pools `thread` and `process`. */
  readonly childSlots: number;
  readonly pool: string;
  readonly queues: readonly string[];
  readonly tasks: readonly string[];
}

/** What a worker prints when it starts, in the manner of Celery's. Passwords are masked. */
export function banner(content: WorkerBanner): string {
  const line = (label: string, value: string) => `.> ${`${label}:`.padEnd(13)}${value}`;
  return [
    '',
    ` -------------- ${content.name} v${content.version} (lovage)`,
    '',
    '[config]',
    line('node', content.name),
    line('broker', content.broker),
    line('results', maskUrl(content.databaseUrl)),
    line('pool', content.pool),
    line(
      'concurrency',
      `${content.concurrency} (async), ${content.childSlots} (thread), ${content.childSlots} (process)`,
    ),
    '',
    '[queues]',
    ...content.queues.map((queue) => `.> ${queue}`),
    '',
    '[tasks]',
    ...content.tasks.map((task) => `  . ${task}`),
    '',
  ].join('\n');
}
