import { oneOf } from './parsers.ts';
import type { Reader } from './reader.ts';

/** What a worker on RabbitMQ or Redis is to Celery's tools. With both off they do not see it. */
export interface CelerySettings {
  /** `WORKER_CELERY_EVENTS`: it sends events of its tasks. Default on; off: until `celery control enable_events` asks for them. */
  readonly events: boolean;
  /** `WORKER_CELERY_CONTROL`: it answers `celery inspect` and `celery control`. Default on; off: nobody at the broker steers it. */
  readonly control: boolean;
}

export function readCelerySettings(reader: Reader): CelerySettings {
  const isOn = (name: string) => reader.value(name, 'on or off', oneOf('on', 'off')) !== 'off';
  return { events: isOn('WORKER_CELERY_EVENTS'), control: isOn('WORKER_CELERY_CONTROL') };
}
