import { afterAll, describe } from '@jest/globals';
import { describeWithRabbit, describeWithRedis, type TestRabbit } from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { RunningPlatform, type RunningPlatformOptions } from './platform.ts';
import { productionDatabase } from './production-database.ts';

/** One of the two shapes in which the same code runs. */
export interface Shape {
  readonly name: 'embedded' | 'servers';
  /** Of the suite's own, so that suites on one RabbitMQ do not disturb each other. */
  readonly queue: string;
  /** RabbitMQ, of the shape that has it. */
  readonly rabbit: TestRabbit | undefined;
  /** Starts a platform of this shape: with nothing but Node, or on RabbitMQ and a PostgreSQL server. */
  start(options?: RunningPlatformOptions): Promise<RunningPlatform>;
}

/** A suite for both shapes: with nothing but Node, and on RabbitMQ and PostgreSQL servers (skipped where there is no RabbitMQ). */
export function onBothShapes(name: string, suite: (shape: Shape) => void): void {
  onEmbedded(name, suite);
  onServers(name, suite);
}

/** A suite with nothing but Node. */
export function onEmbedded(name: string, suite: (shape: Shape) => void): void {
  describe(`${name}: embedded`, () =>
    suite({
      name: 'embedded',
      queue: 'default',
      rabbit: undefined,
      start: (options) => RunningPlatform.start(options),
    }));
}

/** A suite for RabbitMQ and a PostgreSQL server. */
export function onServers(name: string, suite: (shape: Shape & { rabbit: TestRabbit }) => void): void {
  describeWithRabbit(`${name}: RabbitMQ and PostgreSQL by URL`, (rabbit) => {
    const queue = rabbit.queue('e2e');
    suite({
      name: 'servers',
      queue,
      rabbit,
      start: (options) => {
        // A beat collects all dead letters of its virtual host: other suites run on it, with databases of their own.
        const dead = rabbit.queue('dead');
        rabbit.alsoDeleteExchanges(dead);
        return startOnServers(queue, { BROKER_URL: rabbit.url, DEAD_LETTER_QUEUE: dead }, options);
      },
    });
  });
}

/** A platform on Redis and a PostgreSQL server. */
export interface RedisShape {
  readonly queue: string;
  /** A Redis of the suite's own, which it may kill. */
  readonly redis: OwnRedis;
  start(options?: RunningPlatformOptions): Promise<RunningPlatform>;
}

/** A suite for Redis and a PostgreSQL server, each time with a Redis of its own. @param args of `redis-server`. */
export function onRedis(name: string, args: readonly string[], suite: (open: () => Promise<RedisShape>) => void): void {
  describeWithRedis(`${name}: Redis and PostgreSQL by URL`, () => {
    let redis: OwnRedis | undefined;
    afterAll(() => redis?.[Symbol.asyncDispose]());
    suite(async () => {
      const own = (redis = await OwnRedis.startOnPort(...args));
      const queue = 'default';
      return {
        ...{ queue, redis: own },
        start: (options) => startOnServers(queue, { BROKER_URL: own.url }, options),
      };
    });
  });
}

async function startOnServers(
  queue: string,
  servers: Readonly<Record<string, string>>,
  options: RunningPlatformOptions = {},
): Promise<RunningPlatform> {
  const db = await productionDatabase();
  // Others run on the same virtual host, with Celery's workers: their tasks are not of this database.
  const env = { ...servers, DATABASE_URL: db.url, BEAT_CELERY_EVENTS: 'off', ...options.env };
  const platform = await RunningPlatform.start({ queue, ownerUrl: db.ownerUrl, ...options, env }).catch(
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
}
