import type { TestProcess } from '@lovage/testing/start-process';
import { processFile, runNode, startNode, type ChildEnv } from '../stand/child.ts';
import type { BenchRedis } from '../stand/redis.ts';
import type { Stand } from '../stand/stand.ts';
import { IN_FLIGHT, TIMEOUT_MS, type Produced, type System } from './system.ts';

export interface LovageOptions {
  readonly name: string;
  /** Of `processes/tasks.ts`. */
  readonly contract: string;
  /** `postgres`: the broker inside the database. Default `rabbitmq`. */
  readonly broker?: 'rabbitmq' | 'postgres' | BenchRedis;
  /** Handlers at once. Default {@link CONCURRENCY}. */
  readonly concurrency?: number;
  /** Every task has another priority than the one before it, 0 to 9 round-robin. Default: none states one. */
  readonly priorities?: boolean;
  /** Further settings of its worker. */
  readonly workerEnv?: ChildEnv;
}

/** Handlers at once, and messages held for each: what docs/delivery.md advises for such short tasks. 1,000 in all, as the ideal. */
export const CONCURRENCY = 100;
export const PREFETCH_MULTIPLIER = 10;
const QUEUE = 'bench';

/** Lovage as it ships: `apps/worker` with Nest, and a producer that uses `libs/client`. */
export class Lovage implements System {
  readonly share = 1;

  constructor(
    protected readonly stand: Stand,
    protected readonly options: LovageOptions,
  ) {}

  get name(): string {
    return this.options.name;
  }

  async reset(): Promise<void> {
    const { broker } = this.options;
    if (broker === 'postgres') await this.stand.db.query('drop schema if exists lovage_broker cascade');
    else if (typeof broker === 'object') await broker.empty();
    else await this.stand.deleteQueue(QUEUE);
    await this.stand.db.query(
      'truncate tasks, task_counts, task_logs, outbox, attempts, keys, unique_keys, workers cascade',
    );
  }

  startWorker(env: ChildEnv = {}): Promise<TestProcess> {
    const args = [
      '-Q',
      QUEUE,
      '-c',
      `${this.options.concurrency ?? CONCURRENCY}`,
      '--prefetch-multiplier',
      `${PREFETCH_MULTIPLIER}`,
    ];
    return startNode(
      processFile('lovage-worker'),
      args,
      { ...this.env(), ...this.options.workerEnv, ...env },
      /^READY/,
    );
  }

  submit(n: number): Promise<Produced> {
    const { contract, priorities } = this.options;
    return this.produce(priorities ? 'prioritised' : 'submit', contract, n, IN_FLIGHT);
  }

  async latency(rate: number, n: number): Promise<number[]> {
    return (await this.produce<{ took: number[] }>('latency', this.options.contract, rate, n)).took;
  }

  async count(): Promise<number> {
    // Not the rows: counting a hundred thousand of them every few milliseconds would be the heaviest load of all.
    const { rows } = await this.stand.db.query<{ n: string }>('select coalesce(sum(n), 0) as n from task_counts');
    return Number(rows[0]!.n);
  }

  async countRight(): Promise<number> {
    const { rows } = await this.stand.db.query<{ n: string }>(
      `select count(*) as n from tasks where state = 'SUCCESS' and result::text::float8 = (input ->> 'x')::float8 + 1`,
    );
    return Number(rows[0]!.n);
  }

  /** Runs the producer to its end. */
  produce<T = Produced>(...args: (string | number)[]): Promise<T> {
    return runNode<T>(processFile('lovage-producer'), args.map(String), { env: this.env(), timeoutMs: TIMEOUT_MS });
  }

  /** The environment of its processes. */
  env(): ChildEnv {
    const { databaseUrl, amqpUrl, folder } = this.stand;
    const { broker } = this.options;
    const brokerUrl = typeof broker === 'object' ? broker.url : broker === 'postgres' ? undefined : amqpUrl;
    return {
      NODE_ENV: 'production',
      // As the image and npm start have it.
      MALLOC_ARENA_MAX: '2',
      LOG_LEVEL: 'warn',
      DATA_DIR: folder,
      DATABASE_URL: databaseUrl,
      BROKER_URL: brokerUrl,
    };
  }
}
