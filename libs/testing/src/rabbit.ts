import { randomBytes } from 'node:crypto';
import { afterAll, describe, test } from '@jest/globals';
import amqp from 'amqplib';
import { maskUrl } from '@lovage/foundation';
import { DEFAULT_AMQP_URL } from './jest/services.mjs';
import { serviceVerdict } from './service-verdict.ts';

/** RabbitMQ as one suite sees it. */
export interface TestRabbit {
  /** `TEST_AMQP_URL`, or RabbitMQ's default on this machine. */
  readonly url: string;
  /** A queue name that nobody else uses; the queue, if it comes to be, is deleted after the suite. */
  queue(label?: string): string;
  /** Further queues to delete after the suite: those that production code derives from a name. */
  alsoDelete(...queues: string[]): void;
  /** Exchanges to delete after the suite. */
  alsoDeleteExchanges(...exchanges: string[]): void;
}

/**
 * A suite that needs RabbitMQ. Where none answers it is skipped and named on stderr; under `REQUIRE_SERVICES=1` it fails
 * instead.
 */
export function describeWithRabbit(name: string, suite: (rabbit: TestRabbit) => void): void {
  const url = process.env['TEST_AMQP_URL'] || DEFAULT_AMQP_URL;
  switch (rabbitVerdict(process.env)) {
    case 'run':
      return void describe(name, () => {
        const used = new Leftovers(url);
        suite(used);
        // After the suite's own, which stop whatever would declare its queues again.
        afterAll(() => used.remove());
      });
    case 'skip':
      process.stderr.write(`skipped, for no RabbitMQ answers at ${maskUrl(url)}: ${name}\n`);
      return void describe.skip(name, () => suite(new Leftovers(url)));
    case 'fail':
      return void describe(name, () => {
        test('needs RabbitMQ', () => {
          throw new Error(
            `no RabbitMQ answers at ${maskUrl(url)}, and REQUIRE_SERVICES=1 makes that a failure: start one, or set TEST_AMQP_URL`,
          );
        });
      });
  }
}

/** What becomes of a suite that needs RabbitMQ. */
export function rabbitVerdict(env: Readonly<Record<string, string | undefined>>): 'run' | 'skip' | 'fail' {
  return serviceVerdict(env, 'LOVAGE_TEST_AMQP', 'RabbitMQ');
}

/** The queue itself, and those that the adapter makes beside it for its priority levels. */
const OF_LEVELS = ['', '~high', '~low'];

class Leftovers implements TestRabbit {
  private readonly queues = new Set<string>();
  private readonly exchanges = new Set<string>();

  constructor(readonly url: string) {}

  queue(label = 'q'): string {
    const name = `test.${label}.${randomBytes(6).toString('hex')}`;
    this.queues.add(name);
    return name;
  }

  alsoDelete(...queues: string[]): void {
    for (const queue of queues) this.queues.add(queue);
  }

  alsoDeleteExchanges(...exchanges: string[]): void {
    for (const exchange of exchanges) this.exchanges.add(exchange);
  }

  async remove(): Promise<void> {
    if (this.queues.size + this.exchanges.size === 0) return;
    const connection = await amqp.connect(this.url);
    connection.on('error', () => undefined);
    try {
      const channel = await connection.createChannel();
      // Deleting what is not there is no error (RabbitMQ, since 3.2).
      for (const queue of this.queues) for (const suffix of OF_LEVELS) await channel.deleteQueue(`${queue}${suffix}`);
      for (const exchange of this.exchanges) await channel.deleteExchange(exchange);
    } finally {
      await connection.close();
    }
  }
}
