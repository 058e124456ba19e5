// Compiled, never run: `nx typecheck task`. A line under @ts-expect-error that does compile is an error.
import { z } from 'zod';
import { defineTask } from '../contract.ts';
import { defineSchedule } from './define-schedule.ts';

const contract = defineTask({
  name: 'a.b',
  input: z.strictObject({ x: z.number(), y: z.string().default('y') }),
  output: z.null(),
});
const input = { x: 1 };

defineSchedule({ name: 's', contract, input, cron: '0 3 * * *', timeZone: 'Europe/Stockholm' });
defineSchedule({ name: 's', contract, input: { x: 1, y: 'z' }, every: '10s', catchUp: { all: 5 }, queue: 'q' });

// @ts-expect-error the input does not fit
defineSchedule({ name: 's', contract, input: { x: '1' }, every: '10s' });
// @ts-expect-error a field is missing
defineSchedule({ name: 's', contract, input: {}, every: '10s' });
// @ts-expect-error a field too many
defineSchedule({ name: 's', contract, input: { x: 1, z: 1 }, every: '10s' });
// @ts-expect-error neither cron nor interval
defineSchedule({ name: 's', contract, input });
// @ts-expect-error both
defineSchedule({ name: 's', contract, input, cron: '* * * * *', every: '10s' });
// @ts-expect-error an interval has no time zone
defineSchedule({ name: 's', contract, input, every: '10s', timeZone: 'UTC' });
// @ts-expect-error no such policy
defineSchedule({ name: 's', contract, input, every: '10s', catchUp: 'some' });
// @ts-expect-error no such unit
defineSchedule({ name: 's', contract, input, every: '10 seconds' });
