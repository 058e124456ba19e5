// Compiled, never run: `nx typecheck task`. A line under @ts-expect-error that does compile is an error.
import { z } from 'zod';
import { defineTask, type ErrorUnion, type Input, type Output, type Progress, type SubmitInput } from './contract.ts';
import type { BatchItem, BatchOutcome } from './batch.ts';
import type { TaskContext } from './context.ts';
import type { TaskOptions } from './options/task-options.ts';
import type { DeclaredError } from './errors.ts';
import { validateInput, validateOutput } from './validate.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<T extends true>(): T;

const divide = defineTask({
  name: 'math.divide',
  input: z.strictObject({ x: z.number(), y: z.number().default(1), when: z.coerce.date().optional() }),
  output: z.number(),
  progress: z.object({ percent: z.number() }),
  errors: { DivisionByZero: z.object({ x: z.number() }), Overflow: z.object({}) },
  defaults: { queue: 'default', retry: { maxAttempts: 3, on: ['Overflow'] }, softTimeLimit: '5s', timeLimit: 10 },
});
const plain = defineTask({ name: 'a.b', input: z.strictObject({}), output: z.string() });

// What goes in and out.
expectType<Same<Input<typeof divide>, { x: number; y: number; when?: Date | undefined }>>();
expectType<Same<SubmitInput<typeof divide>['y'], number | undefined>>();
expectType<Same<Output<typeof divide>, number>>();
expectType<Same<Progress<typeof divide>, { percent: number }>>();
expectType<Same<Progress<typeof plain>, never>>();
expectType<Same<(typeof divide)['name'], 'math.divide'>>();
expectType<Same<ReturnType<typeof validateInput<typeof divide>>, Input<typeof divide>>>();
expectType<Same<ReturnType<typeof validateOutput<typeof divide>>, number>>();

// Wrong input does not compile.
declare function submit<C extends typeof divide>(contract: C, input: SubmitInput<C>): void;
submit(divide, { x: 1 });
submit(divide, { x: 1, y: 2 });
// @ts-expect-error a text is no number
submit(divide, { x: '1' });
// @ts-expect-error x is missing
submit(divide, { y: 1 });
// @ts-expect-error no such field
submit(divide, { x: 1, z: 1 });

// A wrong result does not compile.
type Handler<C extends typeof divide> = (input: Input<C>, task: TaskContext<C>) => Output<C> | Promise<Output<C>>;
export const right: Handler<typeof divide> = ({ x, y }) => x / y;
export const later: Handler<typeof divide> = async ({ x, y }) => x / y;
// @ts-expect-error a text instead of a number
export const wrong: Handler<typeof divide> = ({ x, y }) => `${x / y}`;
// @ts-expect-error nothing instead of a number
export const nothing: Handler<typeof divide> = () => undefined;
// @ts-expect-error no such field in the input
export const unknownField: Handler<typeof divide> = ({ z: missing }) => missing;

// Declared errors: only those, only with their data.
expectType<Same<ReturnType<typeof divide.error<'DivisionByZero'>>, DeclaredError<'DivisionByZero', { x: number }>>>();
divide.error('DivisionByZero', { x: 1 });
divide.error('Overflow', {});
// @ts-expect-error not declared
divide.error('Other', {});
// @ts-expect-error data of the wrong type
divide.error('DivisionByZero', { x: '1' });
// @ts-expect-error data is missing
divide.error('DivisionByZero');
// @ts-expect-error a contract without errors declares none
plain.error('Anything', {});

// The union of a contract's errors narrows by type.
export function told(error: ErrorUnion<typeof divide>): number {
  switch (error.type) {
    case 'DivisionByZero':
      return error.data.x;
    case 'Overflow':
      // @ts-expect-error the data of the other error
      return error.data.x;
  }
}
expectType<Same<ErrorUnion<typeof plain>, never>>();

// Progress is reported in the shape that is declared, and only where it is.
declare const task: TaskContext<typeof divide>;
declare const silent: TaskContext<typeof plain>;
task.progress({ percent: 1 });
// @ts-expect-error a text is no number
task.progress({ percent: '1' });
// @ts-expect-error this contract declares no progress
silent.progress({ percent: 1 });
// @ts-expect-error no duration
task.snooze('soon');
task.snooze('1m');

// Definitions that cannot work.
// @ts-expect-error input must be an object
defineTask({ name: 'a.b', input: z.number(), output: z.string() });
// @ts-expect-error no such option
defineTask({ name: 'a.b', input: z.object({}), output: z.string(), defaults: { que: 'default' } });
// @ts-expect-error no such backoff
defineTask({ name: 'a.b', input: z.object({}), output: z.string(), defaults: { retry: { backoff: 'steep' } } });
// @ts-expect-error no duration
defineTask({ name: 'a.b', input: z.object({}), output: z.string(), defaults: { timeLimit: '10 seconds' } });

// A batch: each task has an outcome of its own, typed by the contract.
type BatchHandler<C extends typeof divide> = (items: readonly BatchItem<C>[]) => readonly BatchOutcome<C>[];
export const each: BatchHandler<typeof divide> = (items) =>
  items.map(({ input, task, succeeded, failed }) => {
    if (input.y === 0) return failed(divide.error('DivisionByZero', { x: input.x }));
    if (task.signal.aborted) return failed(task.retry({ delay: '1m' }));
    task.progress({ percent: 1 });
    return succeeded(input.x / input.y);
  });
// @ts-expect-error a text instead of a number
export const texts: BatchHandler<typeof divide> = (items) => items.map(({ succeeded }) => succeeded('1'));
// @ts-expect-error results are no outcomes
export const bare: BatchHandler<typeof divide> = (items) => items.map(({ input }) => input.x);
// @ts-expect-error a text is no error
export const said: BatchHandler<typeof divide> = (items) => items.map(({ failed }) => failed('no'));
// @ts-expect-error no such field in the input
export const other: BatchHandler<typeof divide> = (items) => items.map(({ input, succeeded }) => succeeded(input.z));
// @ts-expect-error how long the first waits is a duration
defineTask({ name: 'a.b', input: z.object({}), output: z.string(), defaults: { batch: { size: 2, timeout: 'soon' } } });
// @ts-expect-error no size
defineTask({ name: 'a.b', input: z.object({}), output: z.string(), defaults: { batch: {} } });

// What makes a task unique is named by fields of its input.
const sync = {
  name: 'crm.sync',
  input: z.strictObject({
    tenant: z.string(),
    user: z.object({ id: z.number(), home: z.object({ city: z.string() }).nullable() }).optional(),
    labels: z.array(z.object({ text: z.string() })),
    open: z.record(z.string(), z.string()),
    any: z.unknown(),
    loose: z.object({ a: z.string().optional() }).optional(),
    at: z.coerce.date(),
  }),
  output: z.null(),
} as const;
defineTask({ ...sync, defaults: { unique: true } });
defineTask({ ...sync, defaults: { unique: { by: ['tenant', 'user', 'user.id', 'user.home.city', 'labels.0.text'] } } });
defineTask({ ...sync, defaults: { unique: { by: ['open.whatever', 'any.thing.below', 'at'], period: '1h' } } });
defineTask({ ...sync, defaults: { unique: { by: (input) => [input.tenant.length, input.at.getTime()] } } });
// @ts-expect-error no such field
defineTask({ ...sync, defaults: { unique: { by: ['tenat'] } } });
// @ts-expect-error no such field below
defineTask({ ...sync, defaults: { unique: { by: ['user.name'] } } });
// @ts-expect-error no such field below, though none must be there
defineTask({ ...sync, defaults: { unique: { by: ['loose.b'] } } });
// @ts-expect-error a text has no fields
defineTask({ ...sync, defaults: { unique: { by: ['tenant.length'] } } });
// @ts-expect-error no such field
defineTask({ ...sync, defaults: { unique: { by: (input) => input.tenat } } });
// @ts-expect-error no such state
defineTask({ ...sync, defaults: { unique: { states: ['WAITING'] } } });
// @ts-expect-error no such answer to a conflict
defineTask({ ...sync, defaults: { unique: { onConflict: 'ignore' } } });
// Options that name no field fit every input.
const anyOptions: TaskOptions = { unique: { onConflict: 'reject' } };
defineTask({ ...sync, defaults: anyOptions });

// Rules for older versions: one for each version below, the last one answers what a submit takes.
const priced = {
  name: 'shop.pay',
  output: z.null(),
  input: z.strictObject({ cents: z.number(), unit: z.string() }),
} as const;
defineTask({ ...priced, version: 2, migrate: { 1: (old) => ({ cents: Number(old['cents']), unit: 'EUR' }) } });
defineTask({ ...priced, version: 2, migrate: { 1: (old: { cents: number }) => ({ ...old, unit: 'EUR' }) } });
defineTask({
  ...priced,
  version: 3,
  migrate: {
    1: (old: { euros: number }) => ({ cents: old.euros * 100 }),
    2: (old: { cents: number }) => ({ ...old, unit: '' }),
  },
});
// @ts-expect-error the unit is missing in what the last rule answers
defineTask({ ...priced, version: 2, migrate: { 1: (old: { cents: number }) => old } });
// @ts-expect-error no rule starts from the contract's own version
defineTask({ ...priced, version: 2, migrate: { 2: (old: object) => ({ ...old, cents: 1, unit: '' }) } });
// @ts-expect-error nor is there one for the first version
defineTask({ ...priced, migrate: { 1: (old: object) => ({ ...old, cents: 1, unit: '' }) } });
