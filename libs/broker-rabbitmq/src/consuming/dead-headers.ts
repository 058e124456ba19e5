import { queueOfBand } from '@lovage/ports';

/** Headers in which RabbitMQ names the queue that a dead letter came from. */
const QUEUES = ['x-first-death-queue', 'x-last-death-queue'] as const;

/** The headers of a dead letter with the queue that it was sent to, where the server names the band that it waited in. */
export function headersOfDead(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const named: Record<string, unknown> = { ...headers };
  for (const header of QUEUES) {
    const queue = named[header];
    if (typeof queue === 'string') named[header] = queueOfBand(queue);
  }
  const deaths = named['x-death'];
  if (Array.isArray(deaths)) named['x-death'] = deaths.map(ofQueue);
  return named;
}

function ofQueue(death: unknown): unknown {
  if (typeof death !== 'object' || death === null) return death;
  const { queue, 'routing-keys': keys } = death as { queue?: unknown; 'routing-keys'?: unknown };
  return {
    ...death,
    ...(typeof queue === 'string' && { queue: queueOfBand(queue) }),
    ...(Array.isArray(keys) && {
      'routing-keys': keys.map((key: unknown) => (typeof key === 'string' ? queueOfBand(key) : key)),
    }),
  };
}
