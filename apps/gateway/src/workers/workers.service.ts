import { Inject, Injectable } from '@nestjs/common';
import type { WorkerDetail, WorkerList, WorkerStatus } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { celeryStatusOf, celeryWorkerDocument, runningTask, statusOf, workerDocument } from './worker-document.ts';

/** Workers of one answer. */
const MAX_LISTED = 2000;
/** Longest name that is looked for. */
const MAX_NAME = 255;

/** Reads workers: those that run, and those that have gone within a day. */
@Injectable()
export class WorkersService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'workers' | 'celeryWatch' | 'lists'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(statuses: readonly WorkerStatus[]): Promise<WorkerList> {
    const wanted = new Set(statuses);
    const wantsGone = wanted.has('dead') || wanted.has('stopped');
    const present = await this.platform.workers.present(wanted.has('dead'));
    const gone = wantsGone ? await this.platform.workers.gone() : [];
    const ours = [...present, ...gone].filter((worker) => wanted.has(statusOf(worker))).map(workerDocument);
    const others = (await this.platform.celeryWatch.workers()).filter((one) => wanted.has(celeryStatusOf(one)));
    return { items: [...ours, ...others.map(celeryWorkerDocument)].slice(0, MAX_LISTED) };
  }

  /** @throws ProblemError `worker_unknown` */
  async get(nameOrId: string, limit: number): Promise<WorkerDetail> {
    const [worker, ...earlier] = isName(nameOrId) ? await this.platform.workers.named(nameOrId) : [];
    const celery = worker ? undefined : await this.celeryWorker(nameOrId, limit);
    if (celery) return celery;
    if (!worker)
      throw new ProblemError(
        'worker_unknown',
        `no worker ${JSON.stringify(nameOrId)} runs, or has gone within a day; GET /api/workers?status=live,stopping,dead,stopped lists those that are known`,
      );
    const tasks = worker.running === 0 ? [] : await this.platform.workers.tasks(worker.id, limit);
    return {
      ...workerDocument(worker),
      tasks: tasks.map(runningTask),
      earlier: earlier.map(workerDocument),
    };
  }

  /** One of Celery's, with the observed tasks that it runs. */
  private async celeryWorker(nameOrId: string, limit: number): Promise<WorkerDetail | undefined> {
    const known = (await this.platform.celeryWatch.workers()).map(celeryWorkerDocument);
    const document = known.find(({ id, name }) => name === nameOrId || id === nameOrId);
    if (!document) return undefined;
    const filter = { states: ['STARTED', 'PROGRESS'], worker: document.name } as const;
    const { items } = await this.platform.lists.list(filter, { limit: Math.min(limit, 200), sort: 'oldest' });
    const now = this.clock.now();
    const tasks = items.map(({ startedAt, ...task }) =>
      runningTask({ ...task, startedAt, seconds: startedAt === null ? null : (now - startedAt) / 1000 }),
    );
    return { ...document, tasks, earlier: [] };
  }
}

const isName = (text: string): boolean => text !== '' && text.length <= MAX_NAME && !/\p{Cc}|\p{Cs}/u.test(text);
