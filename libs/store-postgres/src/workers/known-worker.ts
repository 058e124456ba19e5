import type { KnownWorker, ServedContract, WorkerVitals } from '@lovage/ports';

/** A row of `workers` or `gone_workers` with what it runs. What the worker told is of whatever release. */
export interface RawWorker {
  id: string;
  name: string;
  info: unknown;
  serves: unknown;
  vitals: unknown;
  memory_mb: number | null;
  started_at: Date;
  seen_at: Date | null;
  lease_until: Date;
  leased: boolean;
  stopping: boolean;
  gone_at: Date | null;
  held: number | null;
  replaced: boolean;
  running: number;
  oldest_running_at: Date | null;
  [column: string]: unknown;
}

export function knownWorker(raw: RawWorker): KnownWorker {
  const info = objectOf(raw.info);
  return {
    id: raw.id,
    name: raw.name,
    host: ofType('string', info['host']),
    pid: ofType('number', info['pid']),
    queues: texts(info['queues']) ?? [],
    contracts: texts(info['contracts']),
    serves: Array.isArray(raw.serves) ? raw.serves.filter(isServed).map(served) : null,
    concurrency: ofType('number', info['concurrency']),
    pool: ofType('string', info['pool']),
    running: raw.running,
    oldestRunningAt: raw.oldest_running_at?.getTime() ?? null,
    vitals: vitalsOf(objectOf(raw.vitals), raw.memory_mb),
    startedAt: raw.started_at.getTime(),
    seenAt: raw.seen_at?.getTime() ?? null,
    leaseUntil: raw.lease_until.getTime(),
    leased: raw.leased,
    stopping: raw.stopping,
    goneAt: raw.gone_at?.getTime() ?? null,
    held: raw.held,
    replaced: raw.replaced,
  };
}

function vitalsOf(told: Record<string, unknown>, memoryMb: number | null): WorkerVitals {
  const number = (key: string): number | null => {
    const value = ofType('number', told[key]);
    return value !== null && value >= 0 ? value : null;
  };
  const whole = (key: string): number | null => (Number.isSafeInteger(told[key]) ? number(key) : null);
  const use = number('eventLoopUse');
  return {
    ...{ slots: whole('slots'), slotsUsed: whole('slotsUsed'), waiting: whole('waiting') },
    ...{ cpu: number('cpu'), memoryMb, eventLoopDelayMs: number('eventLoopDelayMs') },
    eventLoopUse: use === null ? null : Math.min(1, use),
  };
}

/** The value, if it is of that type. */
export function ofType<T extends 'string' | 'number'>(type: T, value: unknown) {
  return typeof value === type ? (value as T extends 'string' ? string : number) : null;
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null;
}

function isServed(value: unknown): value is ServedContract {
  const { name, version, fingerprint } = objectOf(value);
  return (
    typeof name === 'string' &&
    Number.isSafeInteger(version) &&
    (version as number) >= 1 &&
    (fingerprint === null || typeof fingerprint === 'string')
  );
}

const served = ({ name, version, fingerprint }: ServedContract): ServedContract => ({ name, version, fingerprint });
