import { Inject, Injectable } from '@nestjs/common';
import type { TaskRoutes } from '@lovage/foundation';
import { hasCode } from '@lovage/foundation';
import type { ContractRegistry } from '@lovage/task';
import { CONTRACTS, type GatewayPlatform, PLATFORM, ROUTES } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';

/** Tells which queues there are, for tasks that reach the broker only later. */
@Injectable()
export class OpenQueues {
  private readonly known: ReadonlySet<string>;

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'broker'>,
    @Inject(CONTRACTS) contracts: ContractRegistry,
    @Inject(ROUTES) routes: TaskRoutes,
  ) {
    this.known = new Set([...contracts.list().map(({ options }) => options.queue), ...routes.queues]);
  }

  /** False: nobody has ever served it, or serves tasks there, so that a task would wait there for ever. A broker that is away knows of nothing. */
  async has(queue: string): Promise<boolean> {
    if (queue === this.platform.broker.deadLetterQueue) return false;
    if (this.known.has(queue) || this.platform.broker.state !== 'up') return true;
    try {
      await this.platform.broker.depth(queue);
      return true;
    } catch (error) {
      return !hasCode(error, 'unroutable');
    }
  }
}

/** @param path of the field that names the queue. */
export function queueUnknown(queue: string, path: string): ProblemError {
  const message = `there is no queue ${JSON.stringify(queue)}: start a worker that serves it (WORKER_QUEUES), or name another`;
  return new ProblemError('queue_unknown', message, { errors: [{ path, message }] });
}
