import { isDoneWithin, type Broker, type Clock, type ConsumptionHealth } from '@lovage/ports';
import type { TaskWorker } from '@lovage/runtime';

/** Answer of `GET /health/ready` of a worker. */
export interface WorkerHealthDocument {
  readonly status: 'ready' | 'not_ready' | 'stopping';
  readonly broker: Broker['state'];
  /** Whether others take it for alive. */
  readonly lease: 'held' | 'not_held';
  readonly database: 'up' | 'down';
  /** Celery's result backend, and states that wait for it; left out: there is none. It decides nothing: the record does not need it. */
  readonly celeryResults?: { readonly state: 'up' | 'down'; readonly waiting: number };
  /** Each queue that it serves; `since` is an ISO 8601 time. */
  readonly queues: Readonly<Record<string, { readonly state: ConsumptionHealth['state']; readonly since: string }>>;
}

export interface WorkerHealthDeps {
  readonly worker: Pick<TaskWorker, 'queues' | 'leaseHeld' | 'isStopping'>;
  readonly broker: Pick<Broker, 'state'>;
  pingDatabase(): Promise<void>;
  readonly celeryResults?: () => WorkerHealthDocument['celeryResults'];
  readonly clock: Clock;
}

/** Probes give up after a second or two: a database slower than this is down for them. */
const PING_MS = 1500;

/** Whether a worker takes and runs tasks, and if not, why. */
export class WorkerHealth {
  private asking: Promise<'up' | 'down'> | undefined;

  constructor(private readonly deps: WorkerHealthDeps) {}

  async check(): Promise<WorkerHealthDocument> {
    const database = await this.database();
    const { worker, broker } = this.deps;
    const queues = [...worker.queues];
    const celeryResults = this.deps.celeryResults?.();
    // A blocked broker delivers: it takes no publishes, which wait in the outbox.
    const ready =
      database === 'up' &&
      broker.state !== 'down' &&
      worker.leaseHeld &&
      queues.every(([, { state }]) => state !== 'stalled');
    return {
      status: worker.isStopping ? 'stopping' : ready ? 'ready' : 'not_ready',
      broker: broker.state,
      lease: worker.leaseHeld ? 'held' : 'not_held',
      database,
      ...(celeryResults && { celeryResults }),
      queues: Object.fromEntries(
        queues.map(([queue, { state, since }]) => [queue, { state, since: new Date(since).toISOString() }]),
      ),
    };
  }

  /** One question at a time, however many ask. */
  private database(): Promise<'up' | 'down'> {
    this.asking ??= this.ping().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private ping(): Promise<'up' | 'down'> {
    return isDoneWithin(this.deps.clock, PING_MS, this.deps.pingDatabase()).then(
      (done) => (done ? 'up' : 'down'),
      () => 'down',
    );
  }
}
