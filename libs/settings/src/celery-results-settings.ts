import { durationFrom, oneOf, queueNames } from './parsers.ts';
import type { Reader } from './reader.ts';

/** Where Celery's clients read results, beside `rpc://`. */
export interface ResultBackendSettings {
  /** `CELERY_RESULT_BACKEND`, as Celery writes it: `redis://…`, `rediss://…`, `redis+socket://…`, `sentinel://…;sentinel://…`. */
  readonly url: string;
  /** `CELERY_RESULT_EXPIRES`: how long a result is kept there. Default one day, as Celery's. */
  readonly expiresMs: number | undefined;
  /** `CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS`, JSON: Celery's setting of that name. */
  readonly transport: Readonly<Record<string, unknown>> | undefined;
}

/** What all processes of a platform agree on with the Celery programs beside it. */
export interface CelerySharedSettings {
  /** Undefined: results go to callers of `rpc://` alone. */
  readonly backend: ResultBackendSettings | undefined;
  /** `CELERY_QUEUES`: queues that are made as Celery declares them, since its programs declare them too. Default none. */
  readonly queues: readonly string[];
  /**
   * `CELERY_DELAYED_DELIVERY`, `quorum` or `classic`: makes the queues in which messages of Celery's producers (5.5 and later) wait that are delayed, as
   * Celery's workers do. Default off: they make them.
   */
  readonly delayQueues?: 'quorum' | 'classic' | undefined;
  /** `CELERY_TRACK_STARTED`: Celery's callers are told when their task starts. Default off, as Celery's `task_track_started`. */
  readonly trackStarted: boolean;
}

const SCHEMES = /^(?:rediss?|redis\+socket|socket|sentinel):\/\//;
const EXPECTED =
  'redis://host:6379/0, rediss://…, redis+socket:///path, sentinel://a:26379;sentinel://b:26379, or rpc://';

export function readCelerySharedSettings(reader: Reader): CelerySharedSettings {
  const url = reader.value('CELERY_RESULT_BACKEND', EXPECTED, (text) =>
    SCHEMES.test(text) || text.startsWith('rpc:') ? text : undefined,
  );
  const expiresMs = reader.value('CELERY_RESULT_EXPIRES', 'seconds, or a duration such as 12h, at most 365d', seconds);
  const transport = reader.value('CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS', 'a JSON object', jsonObject);
  const queues = reader.value('CELERY_QUEUES', 'queue names separated by commas', queueNames) ?? [];
  const trackStarted = reader.value('CELERY_TRACK_STARTED', 'on or off', oneOf('on', 'off')) === 'on';
  const delays = reader.value('CELERY_DELAYED_DELIVERY', 'quorum, classic or off', oneOf('quorum', 'classic', 'off'));
  const delayQueues = delays === 'off' ? undefined : delays;
  const backend = url === undefined || url.startsWith('rpc:') ? undefined : { url, expiresMs, transport };
  return { backend, queues, delayQueues, trackStarted };
}

const duration = durationFrom('1s', '365d');

/** A bare number is seconds, as in Celery's own setting. */
function seconds(text: string): number | undefined {
  return duration(/^\d+$/.test(text) ? `${text}s` : text);
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
