import { z } from 'zod';
import { defineTask, type AnyContract } from './contract.ts';
import type { TaskOptions } from './options/task-options.ts';

/** A contract whose input is the call of a Celery program as it is, `{ args, kwargs }`, and whose result is anything: of tasks that every worker serves. */
export function rawTask(name: string, defaults: TaskOptions = {}): AnyContract {
  return defineTask({
    name,
    rawArguments: true,
    input: z.object({ args: z.array(z.unknown()), kwargs: z.record(z.string(), z.unknown()) }),
    output: z.unknown(),
    defaults,
  }) as AnyContract;
}
