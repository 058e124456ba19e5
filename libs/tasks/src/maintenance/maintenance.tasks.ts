import { Controller, Inject } from '@nestjs/common';
import { pruneResults } from '@lovage/contracts';
import { hasCode } from '@lovage/foundation';
import { TaskHandler } from '@lovage/nest';
import type { RetentionStore } from '@lovage/ports';
import type { Input, Output, TaskContext } from '@lovage/task';
import { RETENTION, TASKS_OPTIONS, type TasksOptions } from '../options.ts';

/** Rows deleted in one statement: some tens of milliseconds, so nothing else waits for long. */
const BATCH = 1000;

@Controller()
export class MaintenanceTasks {
  constructor(
    @Inject(TASKS_OPTIONS) private readonly options: Pick<TasksOptions, 'results'>,
    @Inject(RETENTION) private readonly retention: RetentionStore,
  ) {}

  @TaskHandler(pruneResults)
  async pruneResults(
    _input: Input<typeof pruneResults>,
    task: TaskContext<typeof pruneResults>,
  ): Promise<Output<typeof pruneResults>> {
    const older = { olderThanMs: this.options.results.retentionMs, limit: BATCH };
    const deleted = { tasks: 0, attempts: 0, firings: 0 };
    for (let last = BATCH; last === BATCH;) {
      if (timeIsUp(task.signal)) return { ...deleted, complete: false };
      const { tasks, attempts } = await this.retention.pruneTasks(older);
      deleted.tasks += last = tasks;
      deleted.attempts += attempts;
      task.progress({ tasks: deleted.tasks });
    }
    for (let last = BATCH; last === BATCH;) {
      if (timeIsUp(task.signal)) return { ...deleted, complete: false };
      deleted.firings += last = await this.retention.pruneFirings(older);
    }
    task.log.info('results past their retention were deleted', deleted);
    return { ...deleted, complete: true };
  }
}

/** At the soft limit what was done is the result; any other abort ends the run. @throws the signal's reason */
function timeIsUp(signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  if (hasCode(signal.reason, 'soft_time_limit_exceeded')) return true;
  throw signal.reason;
}
