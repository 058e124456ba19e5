import { Inject, Injectable } from '@nestjs/common';
import type { WorkerDetail, WorkerList, WorkerStatus } from '@lovage/http-api';
import type { Clock, WorkerStore } from '@lovage/ports';
import { CLOCK, WORKERS } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { runningTask, statusOf, workerDocument } from './worker-document.ts';

/** Longest name that is looked for. */
const MAX_NAME = 255;

/** Reads workers: those that run, and those that have gone within a day. */
@Injectable()
export class WorkersService {
  constructor(
    @Inject(WORKERS) private readonly store: WorkerStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(statuses: readonly WorkerStatus[]): Promise<WorkerList> {
    const wanted = new Set(statuses);
    const wantsGone = wanted.has('dead') || wanted.has('stopped');
    const present = await this.within(this.store.present(wanted.has('dead')));
    const gone = wantsGone ? await this.within(this.store.gone()) : [];
    return { items: [...present, ...gone].filter((worker) => wanted.has(statusOf(worker))).map(workerDocument) };
  }

  /** @throws ProblemError `worker_unknown` */
  async get(nameOrId: string, limit: number): Promise<WorkerDetail> {
    const [worker, ...earlier] = isName(nameOrId) ? await this.within(this.store.named(nameOrId)) : [];
    if (!worker)
      throw new ProblemError(
        'worker_unknown',
        `no worker ${JSON.stringify(nameOrId)} runs, or has gone within a day; GET /api/workers?status=live,stopping,dead,stopped lists those that are known`,
      );
    const tasks = worker.running === 0 ? [] : await this.within(this.store.tasks(worker.id, limit));
    return {
      ...workerDocument(worker),
      tasks: tasks.map(runningTask),
      earlier: earlier.map(workerDocument),
    };
  }

  private within<T>(query: Promise<T>): Promise<T> {
    return withinDeadline(this.clock, query);
  }
}

const isName = (text: string): boolean => text !== '' && text.length <= MAX_NAME && !/\p{Cc}|\p{Cs}/u.test(text);
