import { textArray } from '@lovage/foundation';
import { InvalidQueueNameError, isQueueName, UnroutableError, type QueueDepth } from '@lovage/ports';
import type { StatementRunner } from '../connection/statement.ts';
import { queueChannel } from './queue-name.ts';
import { DECLARE, DELETE_ORPHANS, DELETE_QUEUE, DEPTH, PURGE, TAKEN } from './queues-sql.ts';

/** Queues as such: what is declared, how much waits. Errors of the connection pass through. */
export class Queues {
  private readonly declared = new Set<string>();

  constructor(private readonly runner: StatementRunner) {}

  /** Makes sure the queue is there and remembers it for {@link redeclare}. @throws InvalidQueueNameError */
  async declare(name: string): Promise<void> {
    if (!isQueueName(name)) throw new InvalidQueueNameError(name);
    await declareQueues(this.runner, [name]);
    this.declared.add(name);
  }

  /** On a new connection: what was lost meanwhile is there again. */
  async redeclare(on: StatementRunner): Promise<void> {
    if (this.declared.size > 0) await declareQueues(on, [...this.declared]);
  }

  /** @throws UnroutableError */
  async depth(name: string): Promise<QueueDepth> {
    const [ready, high, low, consumers] = (await this.ofQueue(DEPTH, name)) as [number, number, number, number];
    return { ready, consumers, ...(high + low > 0 && { levels: { high, low } }) };
  }

  /** Messages that consumers hold, of those queues that are there. */
  async taken(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.runner.run(TAKEN, [textArray(names.filter(isQueueName))]);
    return new Map(rows.map(([name, taken]) => [name as string, taken as number]));
  }

  /** @throws UnroutableError */
  async purge(name: string): Promise<number> {
    const [count] = await this.ofQueue(PURGE, name);
    return count as number;
  }

  async delete(name: string): Promise<void> {
    this.declared.delete(name);
    if (!isQueueName(name)) return;
    const gone = await this.runner.run(DELETE_QUEUE, [name]);
    if (gone.length > 0) await this.deleteOrphans();
  }

  async deleteOrphans(): Promise<void> {
    await this.runner.run(DELETE_ORPHANS, []);
  }

  private async ofQueue(statement: typeof DEPTH, name: string): Promise<readonly unknown[]> {
    const [row] = isQueueName(name) ? await this.runner.run(statement, [name]) : [];
    if (!row) throw new UnroutableError(name);
    return row;
  }
}

export async function declareQueues(on: StatementRunner, names: readonly string[]): Promise<void> {
  await on.run(DECLARE, [textArray(names), textArray(names.map(queueChannel))]);
}
