import { z } from 'zod';
import { defineTask, endedTask, followUpsOf, type TaskOptions } from '../index.ts';

const failed = defineTask({ name: 'test.failed', input: endedTask, output: z.null(), defaults: { queue: 'hooks' } });
const of = (defaults: TaskOptions) =>
  defineTask({ name: 'test.work', input: z.strictObject({ x: z.number() }), output: z.null(), defaults });

test('what a message says of follow-ups', () => {
  expect(followUpsOf(of({}).options)).toBeUndefined();
  const { options } = of({ onFailure: failed });
  expect(followUpsOf(options)).toEqual({ failure: { name: 'test.failed', queue: 'hooks', stamp: failed.stamp } });
  expect(followUpsOf(options, () => 'routed')?.failure?.queue).toBe('routed');
});

test('a part of an ended task is enough of an input', () => {
  const part = defineTask({ name: 'test.part', input: endedTask.pick({ id: true }), output: z.null() });
  expect(() => of({ onSuccess: part })).not.toThrow();
});

const make = (name: string, input: z.ZodObject, defaults: TaskOptions = {}) =>
  defineTask({ name, input, output: z.null(), defaults });
test.each<[string, TaskOptions, RegExp]>([
  ['no contract', { onFailure: 'test.failed' as never }, /onFailure: must be a contract/],
  ['nothing recorded', { record: 'none', onFailure: failed }, /onFailure: needs record/],
  ['no row', { onFailure: make('a.b', endedTask, { record: 'final' }) }, /a\.b needs record: 'full'/],
  ['unique', { onFailure: make('a.b', endedTask, { unique: true }) }, /a\.b is unique/],
  ['a chain', { onSuccess: make('a.b', endedTask, { onFailure: failed }) }, /a\.b has a follow-up of its own/],
  ['another input', { onFailure: make('a.b', z.object({ x: z.number() })) }, /a\.b needs "x", which no ended task has/],
  ['a strict input', { onFailure: make('a.b', z.strictObject({ id: z.string() })) }, /a\.b takes a strict object/],
])('%s is refused', (_, defaults, reason) => expect(() => of(defaults)).toThrow(reason));
