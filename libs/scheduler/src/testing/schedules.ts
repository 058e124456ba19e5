import { z } from 'zod';
import { prepareRow } from '@lovage/client';
import { ContractRegistry, defineSchedule, defineTask, type Schedule, type ScheduleDefinition } from '@lovage/task';

export const noted = defineTask({ name: 'test.noted', input: z.strictObject({ text: z.string() }), output: z.null() });

export const contracts = new ContractRegistry([noted]);

export const prepare = prepareRow;

/** A schedule of {@link noted}, each second unless said otherwise. */
export function schedule(name: string, change: object = {}): Schedule {
  const every = 'cron' in change ? {} : { every: '1s' };
  return defineSchedule({
    ...{ name, contract: noted, input: { text: name } },
    ...every,
    ...change,
  } as unknown as ScheduleDefinition<typeof noted>);
}
