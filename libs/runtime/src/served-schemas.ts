import { Ticker, type Clock, type ContractStore, type Log } from '@lovage/ports';
import type { AnyContract } from '@lovage/task';

/** Between two words of a worker that it serves a schema, ms: several of them in the time after which a schema is of the past. */
const EVERY_MS = 60_000;

/** Keeps in the database which input schemas this worker serves: what `contracts check` compares with, and how it is known which are of the past. */
export class ServedSchemas {
  private readonly ticker: Ticker;

  constructor(
    private readonly contracts: readonly AnyContract[],
    private readonly store: Pick<ContractStore, 'served'>,
    clock: Clock,
    log: Log,
  ) {
    this.ticker = new Ticker({
      ...{ clock, log, everyMs: EVERY_MS, firstAfterMs: EVERY_MS },
      failure: 'which schemas this worker serves could not be noted',
      run: () => this.tell(),
    });
  }

  /** Resolves when its schemas are noted. @throws StoreUnavailableError */
  async start(): Promise<void> {
    await this.tell();
    await this.ticker.start();
  }

  /** Resolves when they are not being noted. Idempotent. */
  stop(): Promise<void> {
    return this.ticker.stop();
  }

  private tell(): Promise<void> {
    const schemas = this.contracts.map(({ name, version, fingerprint, inputSchema }) => ({
      ...{ name, version, fingerprint, inputSchema },
    }));
    return this.store.served(schemas);
  }
}
