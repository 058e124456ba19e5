import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { TaskBatchHandler, TaskHandler } from '@lovage/nest';
import type { BatchItem, Input, TaskContext } from '@lovage/task';
import { RunLog } from '../count/run-log.ts';
import { bad, badBatch, badBatchLater, badProcess, badThread, type BadDeed } from './bad-contracts.ts';

const trap = (): never => {
  throw new Error('a trap');
};
const circular = (): object => {
  const one: Record<string, unknown> = {};
  one['self'] = one;
  return one;
};
const leftBehind = (): never => {
  throw new RangeError('left behind');
};

/** What handlers do wrong. Each answers as its task should end: see `bad-handlers.ts`. */
const deeds: Record<BadDeed, (n: number, task: TaskContext) => unknown> = {
  good: (n) => n,
  declaredCircular: () => {
    throw bad.error('Upstream', { cause: circular() });
  },
  declaredBigint: () => {
    throw bad.error('Upstream', { cause: 1n });
  },
  unreadable: () => {
    throw new Proxy({}, { get: trap, getPrototypeOf: trap, ownKeys: trap, has: trap });
  },
  stackObject: () => {
    throw Object.defineProperty(new Error('x'), 'stack', { value: { an: 'object' } });
  },
  messageGetter: () => {
    throw Object.defineProperty(new Error('x'), 'message', { get: trap });
  },
  nothing: () => {
    throw undefined;
  },
  cause: () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
  },
  bigintResult: () => 1n,
  circularResult: circular,
  mapResult: () => ({ map: new Map([[1, 2]]) }),
  largeResult: () => 'x'.repeat(11 * 1024 * 1024),
  logs: (n, task) => {
    task.log.info('x'.repeat(1_000_000), { circular: circular(), big: 1n });
    return n;
  },
  rejection: (n) => {
    void sleep(1).then(leftBehind);
    return n;
  },
  timer: (n) => {
    setTimeout(leftBehind, 20);
    return n;
  },
  timerHang: () => {
    setTimeout(leftBehind, 20);
    return new Promise(() => undefined);
  },
};

/** Handlers that do wrong, in every pool. */
@Controller()
export class BadTasks {
  private readonly runs = RunLog.open();

  @TaskHandler(bad)
  bad(input: Input<typeof bad>, task: TaskContext<typeof bad>): Promise<unknown> {
    return this.do(input, task);
  }

  @TaskHandler(badThread)
  badThread(input: Input<typeof badThread>, task: TaskContext<typeof badThread>): Promise<unknown> {
    return this.do(input, task);
  }

  @TaskHandler(badProcess)
  badProcess(input: Input<typeof badProcess>, task: TaskContext<typeof badProcess>): Promise<unknown> {
    return this.do(input, task);
  }

  @TaskBatchHandler(badBatch)
  badBatch(items: readonly BatchItem<typeof badBatch>[]) {
    return this.doTogether(items);
  }

  @TaskBatchHandler(badBatchLater)
  badBatchLater(items: readonly BatchItem<typeof badBatchLater>[]) {
    return this.doTogether(items);
  }

  private async doTogether(items: readonly (BatchItem<typeof badBatch> | BatchItem<typeof badBatchLater>)[]) {
    for (const { task } of items) this.runs.add(task.id);
    return Promise.all(
      items.map(async ({ input, task, succeeded, failed }) => {
        try {
          return succeeded((await deeds[input.deed](input.n, task as TaskContext)) as never);
        } catch (error) {
          return failed(error as Error);
        }
      }),
    );
  }

  private async do({ n, ms, deed }: Input<typeof bad>, task: { readonly id: string }): Promise<unknown> {
    this.runs.add(task.id);
    await sleep(ms);
    return deeds[deed](n, task as TaskContext);
  }
}
