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
  return { events: isOn(reader, 'WORKER_CELERY_EVENTS'), control: isOn(reader, 'WORKER_CELERY_CONTROL') };
}

/** `BEAT_CELERY_EVENTS`. */
export function readWatchCelery(reader: Reader): boolean {
  return isOn(reader, 'BEAT_CELERY_EVENTS');
}

function isOn(reader: Reader, name: string): boolean {
  return reader.value(name, 'on or off', oneOf('on', 'off')) !== 'off';
}
