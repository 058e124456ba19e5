import { Inject, Injectable } from '@nestjs/common';
import { taskIdOf } from '@lovage/celery';
import type { LovageClient } from '@lovage/client';
import { madeAtOf } from '@lovage/foundation';
import type { TaskRow } from '@lovage/ports';
import { CLIENT, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';

/** Reads tasks. */
@Injectable()
export class TaskReader {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'tasks' | 'gaps'>,
    @Inject(CLIENT) private readonly client: Pick<LovageClient, 'keepsRow'>,
  ) {}

  /** By what a person or a Celery program calls the task. @throws ProblemError `task_unknown`, `store_unavailable` */
  byPublicId(text: string): Promise<TaskRow> {
    return this.known(text, (id) => this.platform.tasks.get(id));
  }

  /**
   * What there is of a task. An id that some gateway may have accepted while Postgres was away is not called unknown.
   * @throws ProblemError `task_unknown`; `store_unavailable` while its row may be on its way.
   */
  async known<T>(publicId: string, read: (id: string) => Promise<T | undefined>): Promise<T> {
    const id = taskIdOf(publicId);
    const found = await read(id);
    if (found) return found;
    const madeAt = madeAtOf(id);
    // Ids of other Celery programs tell no time, and no gateway has accepted them.
    if (madeAt === undefined) throw taskUnknown(publicId);
    if (this.client.keepsRow(id) || (await this.platform.gaps.mayLack(madeAt)))
      throw new ProblemError(
        'store_unavailable',
        `the row of task ${id} may not be written yet: Postgres was away when tasks like it were accepted; try again`,
        { headers: { 'retry-after': '2' } },
      );
    // It may have been written between the two questions.
    const written = await read(id);
    if (written) return written;
    throw taskUnknown(publicId);
  }

  find(id: string): Promise<TaskRow | undefined> {
    return this.platform.tasks.get(id);
  }
}

function taskUnknown(text: string): ProblemError {
  return new ProblemError(
    'task_unknown',
    `no task ${JSON.stringify(text)} is recorded: it never was, it was deleted by age, or its contract does not record it (yet)`,
  );
}
