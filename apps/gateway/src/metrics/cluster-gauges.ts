import { TASK_STATES } from '@lovage/task';
import type { Broker, ClusterGauges, Log, QueueStore, TaskCounts, TaskLists } from '@lovage/ports';
import { Gauge, type Registry } from 'prom-client';

/** Waiting states whose age says that workers do not keep up; a task for later is old by design. */
const WAITING: ReadonlySet<string> = new Set(['PENDING', 'QUEUED', 'RETRY']);

/** Those that are shown although there is no such dead letter: an alert needs a series. */
const REASONS = ['malformed', 'rejected', 'expired', 'maxlen', 'delivery_limit', 'unknown'];

export interface ClusterSources {
  readonly lists: Pick<TaskLists, 'counts' | 'gauges'>;
  readonly queues: Pick<QueueStore, 'paused'>;
  readonly broker: Pick<Broker, 'depth' | 'state'>;
  readonly log: Log;
}

/**
 * Numbers of the whole platform, the same at each gateway. They are read from the database and the broker at each request.
 * A source that is away leaves its gauges out, rather than let them show what was.
 */
export class ClusterGaugeSet {
  private readonly up: Gauge<'server'>;
  private readonly states: Gauge<'state'>;
  private readonly live: Gauge<'queue' | 'state'>;
  private readonly oldest: Gauge<'queue'>;
  private readonly paused: Gauge<'queue'>;
  private readonly depth: Gauge<'queue'>;
  private readonly consumers: Gauge<'queue'>;
  private readonly outboxDue: Gauge;
  private readonly outboxLag: Gauge;
  private readonly workers: Gauge;
  private readonly deadLetters: Gauge<'reason'>;

  constructor(
    registry: Registry,
    private readonly queues: readonly string[],
    private readonly sources: ClusterSources,
  ) {
    const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    this.up = gauge('lovage_server_up', '1: the server answers', 'server');
    this.states = gauge('lovage_tasks', 'Tasks kept, by state', 'state');
    this.live = gauge('lovage_queue_tasks', 'Tasks that have not ended, by queue and state', 'queue', 'state');
    this.oldest = gauge('lovage_queue_oldest_seconds', 'Age of the oldest task that waits for a worker', 'queue');
    this.paused = gauge('lovage_queue_paused', '1: the queue is paused', 'queue');
    this.depth = gauge('lovage_queue_messages', 'Messages that wait at the broker', 'queue');
    this.consumers = gauge('lovage_queue_consumers', 'Consumers of the queue at the broker', 'queue');
    this.outboxDue = gauge('lovage_outbox_due', 'Messages of the outbox that are due and not sent yet');
    this.outboxLag = gauge('lovage_outbox_lag_seconds', 'For how long the first of them has been due');
    this.workers = gauge('lovage_workers', 'Workers whose lease runs');
    this.deadLetters = gauge(
      'lovage_dead_letters',
      'Dead letters that have not become tasks again, by reason',
      'reason',
    );
  }

  /** Reads all sources; never rejects. */
  async refresh(): Promise<void> {
    for (const gauge of [
      this.states,
      this.live,
      this.oldest,
      this.paused,
      this.depth,
      this.consumers,
      this.outboxDue,
      this.outboxLag,
      this.workers,
      this.deadLetters,
    ])
      gauge.reset();
    const [database, broker] = await Promise.all([this.refreshDatabase(), this.refreshBroker()]);
    this.up.set({ server: 'postgres' }, database ? 1 : 0);
    this.up.set({ server: 'broker' }, broker ? 1 : 0);
  }

  private async refreshDatabase(): Promise<boolean> {
    const { lists, queues, log } = this.sources;
    try {
      const paused = new Set(await queues.paused(this.queues));
      for (const queue of this.queues) this.paused.set({ queue }, paused.has(queue) ? 1 : 0);
      this.show(await lists.counts(), await lists.gauges());
      return true;
    } catch (error) {
      log.debug({ err: error }, 'no metrics from Postgres');
      return false;
    }
  }

  private show({ states }: TaskCounts, { live, outbox, workers, deadLetters }: ClusterGauges): void {
    for (const state of TASK_STATES) this.states.set({ state }, states[state]);
    const oldest = new Map(this.queues.map((queue) => [queue, 0]));
    for (const { queue, state, tasks, oldestSeconds } of live) {
      this.live.set({ queue, state }, tasks);
      if (WAITING.has(state)) oldest.set(queue, Math.max(oldest.get(queue) ?? 0, oldestSeconds));
    }
    for (const [queue, seconds] of oldest) this.oldest.set({ queue }, seconds);
    this.outboxDue.set(outbox.due);
    this.outboxLag.set(outbox.lagSeconds);
    this.workers.set(workers);
    for (const reason of REASONS) this.deadLetters.set({ reason }, 0);
    for (const { reason, n } of deadLetters) this.deadLetters.set({ reason }, n);
  }

  private async refreshBroker(): Promise<boolean> {
    const { broker } = this.sources;
    if (broker.state === 'down') return false;
    await Promise.all(
      this.queues.map(async (queue) => {
        // A queue that nobody has served yet is not there.
        const depth = await broker.depth(queue).catch(() => undefined);
        if (!depth) return;
        this.depth.set({ queue }, depth.ready);
        this.consumers.set({ queue }, depth.consumers);
      }),
    );
    return true;
  }
}
