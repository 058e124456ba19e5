import type { TestProcess } from '@lovage/testing/start-process';
import { IDEAL_QUEUE } from '../processes/ideal.ts';
import { processFile, runNode, startNode, type ChildEnv } from '../stand/child.ts';
import type { Stand } from '../stand/stand.ts';
import { IN_FLIGHT, TIMEOUT_MS, type Produced, type System } from './system.ts';

/** The reference; `processes/ideal.ts` tells what it does. */
export class Ideal implements System {
  readonly name = 'ideal';
  readonly share = 1;

  constructor(private readonly stand: Stand) {}

  async reset(): Promise<void> {
    await this.stand.emptyQueue(IDEAL_QUEUE);
    await this.stand.db.query(`drop table if exists ideal_results;
      create table ideal_results (id uuid primary key, state text not null, result jsonb, finished_at timestamptz)`);
  }

  startWorker(): Promise<TestProcess> {
    return startNode(processFile('ideal-worker'), [], this.env(), /^READY/);
  }

  /** Takes and acks, and does nothing else: each message by an ack of its own, or all that one read brought together. */
  startConsumeAck(how: 'each' | 'together', env: ChildEnv): Promise<TestProcess> {
    return startNode(processFile('consume-ack'), [how], { ...this.env(), ...env }, /^READY/);
  }

  submit(n: number): Promise<Produced> {
    return this.produce('submit', n, IN_FLIGHT);
  }

  async latency(rate: number, n: number): Promise<number[]> {
    return (await this.produce<{ took: number[] }>('latency', rate, n)).took;
  }

  async count(): Promise<number> {
    const { rows } = await this.stand.db.query<{ n: string }>('select count(*) as n from ideal_results');
    return Number(rows[0]!.n);
  }

  /** Its results do not say what they are of; n different right ones have but one sum. */
  async countRight(): Promise<number> {
    const { rows } = await this.stand.db.query<{ n: string; sum: string }>(
      'select count(*) as n, coalesce(sum(result::int), 0) as sum from ideal_results',
    );
    const n = Number(rows[0]!.n);
    return Number(rows[0]!.sum) === (n * (n + 1)) / 2 ? n : -1;
  }

  private produce<T>(...args: (string | number)[]): Promise<T> {
    return runNode<T>(processFile('ideal-producer'), args.map(String), { env: this.env(), timeoutMs: TIMEOUT_MS });
  }

  private env(): ChildEnv {
    return { DATABASE_URL: this.stand.databaseUrl, BROKER_URL: this.stand.amqpUrl };
  }
}
