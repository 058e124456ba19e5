import { maskUrl } from '@lovage/foundation';

export interface BannerFacts {
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
export function banner(facts: BannerFacts): string {
  const line = (label: string, value: string) => `.> ${`${label}:`.padEnd(13)}${value}`;
  return [
    '',
    ` -------------- ${facts.name} v${facts.version} (lovage)`,
    '',
    '[config]',
    line('node', facts.name),
    line('broker', facts.broker),
    line('results', maskUrl(facts.databaseUrl)),
    line('pool', facts.pool),
    line('concurrency', `${facts.concurrency} (async), ${facts.childSlots} (thread), ${facts.childSlots} (process)`),
    '',
    '[queues]',
    ...facts.queues.map((queue) => `.> ${queue}`),
    '',
    '[tasks]',
    ...facts.tasks.map((task) => `  . ${task}`),
    '',
  ].join('\n');
}
