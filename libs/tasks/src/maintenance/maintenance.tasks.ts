import { Controller, Inject } from '@nestjs/common';
import { pruneResults, sweepFiles } from '@lovage/contracts';
import { FileStore } from '@lovage/files';
import { hasCode } from '@lovage/foundation';
import { TaskHandler } from '@lovage/nest';
import type { RetentionRules, RetentionStore } from '@lovage/ports';
import type { AnyContract, Input, Output, TaskContext } from '@lovage/task';
import { CONTRACTS, FILE_LEDGER, RETENTION, TASKS_OPTIONS, type FilesToSweep, type TasksOptions } from '../options.ts';
import { FileSweep } from './file-sweep.ts';
import { retentionRules } from './retention-rules.ts';

/** Rows looked at in one statement: some tens of milliseconds, so nothing else waits for long. */
const BATCH = 1000;

@Controller()
export class MaintenanceTasks {
  private readonly rules: RetentionRules;

  constructor(
    @Inject(TASKS_OPTIONS) private readonly options: Pick<TasksOptions, 'results' | 'files'>,
    @Inject(RETENTION) private readonly retention: RetentionStore,
    @Inject(CONTRACTS) contracts: readonly AnyContract[],
    @Inject(FILE_LEDGER) private readonly ledger: FilesToSweep,
    private readonly store: FileStore,
  ) {
    this.rules = retentionRules(options.results, contracts);
  }

  @TaskHandler(pruneResults)
  async pruneResults(
    _input: Input<typeof pruneResults>,
    task: TaskContext<typeof pruneResults>,
  ): Promise<Output<typeof pruneResults>> {
    const deleted = { tasks: 0, attempts: 0, firings: 0, deadLetters: 0 };
    for await (const { tasks, attempts } of this.retention.pruneTasks(this.rules, { limit: BATCH })) {
      deleted.tasks += tasks;
      deleted.attempts += attempts;
      if (tasks > 0) task.progress({ tasks: deleted.tasks });
      if (timeIsUp(task.signal)) return { ...deleted, complete: false };
    }
    const { retentionMs, deadLettersMs } = this.options.results;
    for (let last = BATCH; last === BATCH;) {
      if (timeIsUp(task.signal)) return { ...deleted, complete: false };
      deleted.firings += last = await this.retention.pruneFirings({ olderThanMs: retentionMs, limit: BATCH });
    }
    for (let last = BATCH; last === BATCH;) {
      if (timeIsUp(task.signal)) return { ...deleted, complete: false };
      deleted.deadLetters += last = await this.retention.pruneDeadLetters({ olderThanMs: deadLettersMs, limit: BATCH });
    }
    task.log.info('results past their retention were deleted', deleted);
    return { ...deleted, complete: true };
  }

  @TaskHandler(sweepFiles)
  async sweepFiles(
    _input: Input<typeof sweepFiles>,
    task: TaskContext<typeof sweepFiles>,
  ): Promise<Output<typeof sweepFiles>> {
    const { store, ledger } = this;
    const sweep = new FileSweep({
      ...{ store, ledger, retentionMs: this.options.files.retentionMs, now: Date.now() },
      isOver: () => timeIsUp(task.signal),
      onBatch: (files) => void task.progress({ files }),
    });
    const complete = await sweep.run();
    const { swept } = sweep;
    if (swept.deleted > 0) task.log.info('files past their age were deleted', { ...swept });
    return { ...swept, complete };
  }
}

/** At the soft limit what was done is the result; any other abort ends the run. @throws the signal's reason */
function timeIsUp(signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  if (hasCode(signal.reason, 'soft_time_limit_exceeded')) return true;
  throw signal.reason;
}
