import { Batcher, textArray } from '@lovage/foundation';
import type { Log, Reply } from '@lovage/ports';
import type { StatementRunner } from '../connection/statement.ts';
import { isAddress } from './address.ts';
import { NOTIFY, STORE_REPLY } from './replies-sql.ts';
import { writePayload, writeStoredPrefix } from './reply-payload.ts';

/** Most replies that wait to be sent; with more than that the runner is stuck, and the row has the result anyway. */
const MAX_WAITING = 10_000;

export interface ReplierOptions {
  readonly runner: StatementRunner;
  readonly isUp: () => boolean;
  /** Largest reply, bytes. */
  readonly maxReplyBytes: number;
  readonly log: Log;
}

/** Sends replies, best effort, many to a statement, on a connection of its own. */
export class Replier {
  private readonly batcher: Batcher<{ address: string; payload: string }>;
  private storing = new Set<Promise<void>>();

  constructor(private readonly options: ReplierOptions) {
    this.batcher = new Batcher({ flush: (items) => this.flush(items) });
  }

  /** @returns false: dropped at once. */
  send(address: string, reply: Reply): boolean {
    if (!this.options.isUp() || !isAddress(address) || this.batcher.size + this.storing.size >= MAX_WAITING)
      return this.dropped(address, reply, undefined);
    try {
      const payload = writePayload(reply.correlationId, reply.body);
      if (payload === undefined) return this.store(address, reply);
      this.batcher.add({ address, payload }).catch((error: unknown) => this.dropped(address, reply, error));
      return true;
    } catch (error) {
      return this.dropped(address, reply, error);
    }
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all([this.batcher.idle(), ...this.storing]);
  }

  private async flush(items: { address: string; payload: string }[]): Promise<void[]> {
    await this.options.runner.run(NOTIFY, [
      textArray(items.map((item) => item.address)),
      textArray(items.map((item) => item.payload)),
    ]);
    return [];
  }

  private store(address: string, reply: Reply): boolean {
    const prefix = writeStoredPrefix(reply.correlationId);
    if (prefix === undefined || reply.body.length > this.options.maxReplyBytes)
      return this.dropped(address, reply, undefined);
    const stored: Promise<void> = this.options.runner
      .run(STORE_REPLY, [address, reply.body, prefix])
      .then(() => undefined)
      .catch((error: unknown) => void this.dropped(address, reply, error))
      .finally(() => this.storing.delete(stored));
    this.storing.add(stored);
    return true;
  }

  private dropped(address: string, reply: Reply, error: unknown): false {
    this.options.log.debug(
      { err: error, address: address.slice(0, 80), correlationId: reply.correlationId.slice(0, 80) },
      'a reply was dropped',
    );
    return false;
  }
}
