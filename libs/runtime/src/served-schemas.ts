import type { Clock, ContractStore, Log } from '@lovage/ports';
import type { AnyContract } from '@lovage/task';

/** Between two words of a worker that it serves a schema, ms: several of them in the time after which a schema is of the past. */
const AGAIN_MS = 60_000;

/** Keeps in the database which input schemas this worker serves: what `contracts check` compares with, and how it is known which are of the past. */
export class ServedSchemas {
  private cancelTimer: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly contracts: readonly AnyContract[],
    private readonly store: Pick<ContractStore, 'served'>,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Resolves when its schemas are noted. @throws StoreUnavailableError */
  async start(): Promise<void> {
    await this.tell();
    this.plan();
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer();
  }

  private plan(): void {
    if (this.stopped) return;
    this.cancelTimer = this.clock.after(AGAIN_MS, () => {
      void this.tell()
        .catch((error: unknown) => this.log.warn({ err: error }, 'which schemas this worker serves could not be noted'))
        .then(() => this.plan());
    });
  }

  private tell(): Promise<void> {
    const schemas = this.contracts.map(({ name, version, fingerprint, inputSchema }) => ({
      ...{ name, version, fingerprint, inputSchema },
    }));
    return this.store.served(schemas);
  }
}
