import { Inject, Injectable } from '@nestjs/common';
import type { LovageClient } from '@lovage/client';
import { TASK_STATES, isTerminal, type ContractRegistry } from '@lovage/task';
import type { PauseBody, PurgeBody, QueueDocument, QueueList, RevokeManyAnswer } from '@lovage/http-api';
import { isQueueName, type Clock, type KnownWorker, type QueueDepth, type QueueStatus } from '@lovage/ports';
import { CLIENT, CLOCK, CONTRACTS, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { decodeCursor } from '../tasks/list/cursor.ts';
import { manyAnswer } from '../tasks/many-answer.ts';

/** How long one purge goes on, ms; its answer tells how to go on. Its last batch may take as long as any query. */
const PURGE_MS = 10_000;
/** Longest wait for the broker to tell of a queue, ms: the rows are told all the same. */
const DEPTH_MS = 2_000;

/** A purge leaves running tasks alone. */
const WAITING = TASK_STATES.filter((state) => !isTerminal(state) && state !== 'STARTED' && state !== 'PROGRESS');

/** Reads and steers queues. Workers follow what is written here. */
@Injectable()
export class QueuesService {
  private readonly named: readonly string[];

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'queues' | 'workers' | 'broker'>,
    @Inject(CLIENT) private readonly client: Pick<LovageClient, 'revoke'>,
    @Inject(CONTRACTS) contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.named = [...new Set(contracts.list().map(({ options }) => options.queue))];
  }

  async list(): Promise<QueueList> {
    const { queues, approximate } = await this.platform.queues.report(this.named);
    return { items: await this.documents(queues), approximate };
  }

  /** @throws ProblemError `queue_not_found` */
  async get(name: string): Promise<QueueDocument> {
    await this.check(name);
    const { queues } = await this.platform.queues.report([name]);
    const [document] = await this.documents(queues.filter(({ queue }) => queue === name));
    return document!;
  }

  /** @throws ProblemError `queue_not_found` */
  async pause(name: string, { reason }: PauseBody, userId: string): Promise<QueueDocument> {
    await this.check(name);
    await this.platform.queues.pause(name, { actor: userId, reason: reason ?? null });
    return this.get(name);
  }

  /** @throws ProblemError `queue_not_found` */
  async resume(name: string): Promise<QueueDocument> {
    await this.check(name);
    await this.platform.queues.resume(name);
    return this.get(name);
  }

  /**
   * Ends what waits. Messages stay with the broker: those of tasks that ended are dropped by the worker that gets them, and one
   * whose row its producer is only about to write is not lost.
   * @throws ProblemError `queue_not_found`; `query_invalid` for an invalid cursor
   */
  async purge(name: string, { reason, states, limit, cursor }: PurgeBody, userId: string): Promise<RevokeManyAnswer> {
    await this.check(name);
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const by = { actor: userId, reason: reason ?? `queue ${name} was purged`, terminate: false };
    const filter = { queue: name, states: states ?? WAITING };
    return manyAnswer(await this.client.revoke(filter, { ...by, limit, after, timeLimitMs: PURGE_MS }));
  }

  /** A name that nothing speaks for is a mistake of typing. */
  private async check(name: string): Promise<void> {
    if (isQueueName(name)) {
      if (this.named.includes(name)) return;
      const { queues } = await this.platform.queues.report([]);
      if (queues.some(({ queue }) => queue === name)) return;
      if (await this.depth(name)) return;
    }
    throw new ProblemError(
      'queue_not_found',
      `no contract names a queue ${JSON.stringify(name)}, no worker serves it, no task waits in it, and the broker has none; GET /api/queues lists those that are known`,
    );
  }

  private async documents(queues: readonly QueueStatus[]): Promise<QueueDocument[]> {
    const workers = queues.length > 0 ? await this.platform.workers.present(false) : [];
    const unacked = await this.unacked(queues.map(({ queue }) => queue));
    return Promise.all(queues.map((status) => this.document(status, workers, unacked.get(status.queue))));
  }

  /** @param unacked as the broker tells it; undefined: it does not. */
  private async document(
    status: QueueStatus,
    workers: readonly KnownWorker[],
    unacked: number | undefined,
  ): Promise<QueueDocument> {
    const { queue, pause, ...counts } = status;
    const depth = await this.depth(queue);
    return {
      name: queue,
      paused: pause && { at: new Date(pause.at).toISOString(), actor: pause.actor, reason: pause.reason },
      ready: depth?.ready ?? null,
      readyByPriority: depth ? byPriority(depth) : null,
      consumers: depth?.consumers ?? null,
      unacked: unacked ?? counts.running,
      unackedFrom: unacked === undefined ? 'tasks' : 'broker',
      workers: workers.filter(({ queues }) => queues.includes(queue)).map(({ name }) => name),
      ...counts,
    };
  }

  private depth(queue: string): Promise<QueueDepth | undefined> {
    if (this.platform.broker.state === 'down') return Promise.resolve(undefined);
    return withinDeadline(this.clock, this.platform.broker.depth(queue), DEPTH_MS).catch(() => undefined);
  }

  private unacked(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const asked = this.platform.broker.state === 'down' ? undefined : this.platform.broker.unacked?.(queues);
    const none: ReadonlyMap<string, number> = new Map();
    return asked ? withinDeadline(this.clock, asked, DEPTH_MS).catch(() => none) : Promise.resolve(none);
  }
}

function byPriority({
  ready,
  levels: { high, low } = { high: 0, low: 0 },
}: QueueDepth): QueueDocument['readyByPriority'] {
  return { high, normal: ready - high - low, low };
}
