import type { Delivery } from '@lovage/ports';

/** What is known of how a message died. */
export interface Death {
  readonly queue: string;
  /** As the broker says, or `unknown`. */
  readonly reason: string;
  /** ms since the epoch. */
  readonly at: number | null;
}

/**
 * Reads what brokers note with a dead message: our adapters where they move it themselves, RabbitMQ in `x-death`, whose first entry
 * is the last death, and in the headers of the first death, which the Postgres broker writes too.
 */
export function deathOf({ queue, headers }: Pick<Delivery, 'queue' | 'headers'>): Death {
  const own = objectOf(headers['x-lovage-death']);
  const [last] = Array.isArray(headers['x-death']) ? headers['x-death'] : [];
  const broker = objectOf(last);
  return {
    queue: textOf(own['queue'] ?? broker['queue'] ?? headers['x-first-death-queue']) ?? queue,
    reason: textOf(own['reason'] ?? broker['reason'] ?? headers['x-first-death-reason']) ?? 'unknown',
    at: own['queue'] === undefined ? secondsOf(broker['time']) : null,
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.slice(0, 255).replaceAll('\0', '');
}

/** A timestamp as amqplib gives it, to ms. */
function secondsOf(value: unknown): number | null {
  const { value: seconds } = objectOf(value);
  return typeof seconds === 'number' && seconds > 0 && seconds < 253_402_300_800 ? seconds * 1000 : null;
}
