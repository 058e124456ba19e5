import type { LiveWorker } from '@lovage/ports';

/** A row of `workers` with what it runs. `info` is what the worker told, of whatever version it is. */
export interface RawWorker {
  id: string;
  name: string;
  info: unknown;
  started_at: Date;
  lease_until: Date;
  running: number;
  [column: string]: unknown;
}

export function liveWorker(raw: RawWorker): LiveWorker {
  const info = (raw.info ?? {}) as Record<string, unknown>;
  return {
    id: raw.id,
    name: raw.name,
    host: ofType('string', info['host']),
    pid: ofType('number', info['pid']),
    queues: texts(info['queues']) ?? [],
    contracts: texts(info['contracts']),
    concurrency: ofType('number', info['concurrency']),
    pool: ofType('string', info['pool']),
    running: raw.running,
    startedAt: raw.started_at.getTime(),
    leaseUntil: raw.lease_until.getTime(),
  };
}

/** The value, if it is of that type. */
export function ofType<T extends 'string' | 'number'>(type: T, value: unknown) {
  return typeof value === type ? (value as T extends 'string' ? string : number) : null;
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null;
}
