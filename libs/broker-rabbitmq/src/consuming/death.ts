import type { MessageDeath } from '@lovage/ports';
import { queueOfLevel } from '../topology/level-queues.ts';

/** Header with which this adapter notes a death in the place of a server that would not. It stays between adapters. */
export const OWN_DEATH = 'x-lovage-death';

/** Headers in which RabbitMQ names the queue that a dead-lettered message came from. */
const QUEUES = ['x-first-death-queue', 'x-last-death-queue'] as const;

type Headers = Readonly<Record<string, unknown>>;

/** Whether these headers tell of a death. */
export function tellDeath(headers: Headers): boolean {
  return 'x-death' in headers || OWN_DEATH in headers;
}

/** The last death that headers tell: the adapter's own note, else the first entry of `x-death`. Foreign input: never throws. */
export function deathOf(headers: Headers): MessageDeath | undefined {
  if (!tellDeath(headers)) return undefined;
  const own = objectOf(headers[OWN_DEATH]);
  const isOwn = textOf(own['queue']) !== undefined;
  const [last] = Array.isArray(headers['x-death']) ? headers['x-death'] : [];
  const told = isOwn ? own : objectOf(last);
  const queue = textOf(told['queue']) ?? textOf(headers['x-first-death-queue']);
  if (queue === undefined) return undefined;
  return {
    queue: queueOfLevel(queue),
    reason: textOf(told['reason']) ?? textOf(headers['x-first-death-reason']) ?? 'unknown',
    at: isOwn ? msOf(own['at']) : secondsOf(told['time']),
    count: isOwn ? 1 : countOf(told['count']),
  };
}

/** What this adapter notes of a message that it moves to the dead letters itself. */
export function ownDeath(queue: string, at: number): Headers {
  return { queue, reason: 'rejected', at };
}

/** The headers of a message that died as users may see them: queues by the names that were published to, and no note of ours. */
export function headersOfDead(headers: Headers): Headers {
  const named: Record<string, unknown> = { ...headers };
  delete named[OWN_DEATH];
  for (const header of QUEUES) {
    const queue = named[header];
    if (typeof queue === 'string') named[header] = queueOfLevel(queue);
  }
  const deaths = named['x-death'];
  if (Array.isArray(deaths)) named['x-death'] = deaths.map(withQueue);
  return named;
}

function withQueue(death: unknown): unknown {
  if (typeof death !== 'object' || death === null) return death;
  const { queue, 'routing-keys': keys } = death as { queue?: unknown; 'routing-keys'?: unknown };
  return {
    ...death,
    ...(typeof queue === 'string' && { queue: queueOfLevel(queue) }),
    ...(Array.isArray(keys) && {
      'routing-keys': keys.map((key: unknown) => (typeof key === 'string' ? queueOfLevel(key) : key)),
    }),
  };
}

function objectOf(value: unknown): Headers {
  return typeof value === 'object' && value !== null ? (value as Headers) : {};
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.slice(0, 255).replaceAll('\0', '');
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 1;
}

/** The last moment that a date can show, ms. */
const MAX_MS = 253_402_300_800_000;

function msOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && value < MAX_MS ? value : null;
}

/** A timestamp as amqplib gives it, to ms. */
function secondsOf(value: unknown): number | null {
  const { value: seconds } = objectOf(value);
  return typeof seconds === 'number' ? msOf(seconds * 1000) : null;
}
