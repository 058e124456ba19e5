import { describe } from '@jest/globals';
import { describeWithRabbit, type TestRabbit } from '@lovage/testing';
import { Platform, type PlatformOptions } from './platform.ts';
import { productionDatabase } from './production-database.ts';

/** One of the two shapes in which the same code runs. */
export interface Shape {
  readonly name: 'embedded' | 'servers';
  /** Of the suite's own, so that suites on one RabbitMQ do not disturb each other. */
  readonly queue: string;
  /** RabbitMQ, of the shape that has it. */
  readonly rabbit: TestRabbit | undefined;
  /** Starts a platform of this shape: with nothing but Node, or on RabbitMQ and a PostgreSQL server. */
  start(options?: PlatformOptions): Promise<Platform>;
}

/** A suite for both shapes: with nothing but Node, and on RabbitMQ and PostgreSQL servers (skipped where there is no RabbitMQ). */
export function onBothShapes(name: string, suite: (shape: Shape) => void): void {
  describe(`${name}: embedded`, () =>
    suite({ name: 'embedded', queue: 'default', rabbit: undefined, start: (options) => Platform.start(options) }));
  onServers(name, suite);
}

/** A suite for RabbitMQ and a PostgreSQL server. */
export function onServers(name: string, suite: (shape: Shape & { rabbit: TestRabbit }) => void): void {
  describeWithRabbit(`${name}: RabbitMQ and PostgreSQL by URL`, (rabbit) => {
    const queue = rabbit.queue('e2e');
    suite({
      name: 'servers',
      queue,
      rabbit,
      start: async (options) => {
        const db = await productionDatabase();
        // A beat collects all dead letters of its virtual host: other suites run on it, with databases of their own.
        const dead = rabbit.queue('dead');
        rabbit.alsoDeleteExchanges(dead);
        const env = { BROKER_URL: rabbit.url, DEAD_LETTER_QUEUE: dead, DATABASE_URL: db.url, ...options?.env };
        const platform = await Platform.start({ queue, ownerUrl: db.ownerUrl, ...options, env }).catch(
          async (error: unknown) => {
            await db.drop();
            throw error;
          },
        );
        const dispose = platform[Symbol.asyncDispose].bind(platform);
        return Object.assign(platform, {
          [Symbol.asyncDispose]: async () => {
            await dispose();
            await db.drop();
          },
        });
      },
    });
  });
}
