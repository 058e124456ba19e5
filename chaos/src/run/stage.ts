import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Return } from '../count/recovery.ts';
import type { Load } from '../load/load.ts';
import type { Fleet } from '../platform/fleet.ts';
import type { BrokerServer } from '../servers/broker-server.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';
import { RabbitNode } from '../servers/rabbit-node.ts';
import { RedisNode } from '../servers/redis-node.ts';

export interface StageParts {
  readonly fleet: Fleet;
  readonly load: Load;
  readonly broker: BrokerServer;
  readonly postgres: PostgresServer;
  readonly queue: string;
  readonly pool: pg.Pool;
}

/** What a scenario finds and may break, while tasks are being submitted. */
export class Stage {
  readonly fleet: Fleet;
  readonly load: Load;
  readonly broker: BrokerServer;
  readonly postgres: PostgresServer;
  readonly queue: string;
  /** When services were there again, as scenarios said. */
  readonly returns: Return[] = [];
  /** What happened, for the reader of the report. */
  readonly notes: string[] = [];
  private readonly pool: pg.Pool;

  constructor({ fleet, load, broker, postgres, queue, pool }: StageParts) {
    this.fleet = fleet;
    this.load = load;
    this.broker = broker;
    this.postgres = postgres;
    this.queue = queue;
    this.pool = pool;
  }

  /** The broker, of a scenario on RabbitMQ. */
  get rabbit(): RabbitNode {
    if (this.broker instanceof RabbitNode) return this.broker;
    throw new Error('this scenario does not run on RabbitMQ');
  }

  /** The broker, of a scenario on Redis. */
  get redis(): RedisNode {
    if (this.broker instanceof RedisNode) return this.broker;
    throw new Error('this scenario does not run on Redis');
  }

  /** What was taken away is there again: recovery is counted from here, or from `at` (ms since 1970). */
  returned(what: string, at = Date.now()): void {
    this.returns.push({ what, at });
  }

  note(text: string): void {
    this.notes.push(text);
  }

  pause(seconds: number): Promise<void> {
    return sleep(seconds * 1000);
  }

  /** Every second, while tasks are being submitted; each time is done before the next. */
  async everySecond(act: (time: number) => Promise<void>): Promise<void> {
    for (let time = 0; !this.load.waning; time += 1) {
      const began = performance.now();
      await act(time);
      await sleep(Math.max(0, 1000 - (performance.now() - began)));
    }
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }
}
