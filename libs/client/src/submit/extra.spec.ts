import { z } from 'zod';
import { TaskRoutes } from '@lovage/foundation';
import { defineTask } from '@lovage/task';
import { prepare } from './prepare.ts';
import type { SubmitOptions } from './options.ts';

const sending = { now: 0, replyTo: undefined, routes: TaskRoutes.none };
const bill = defineTask({
  name: 'test.bill',
  input: z.object({
    tenant: z.string().default('none'),
    order: z.object({ id: z.number() }).optional(),
    note: z.unknown().optional(),
  }),
  output: z.null(),
  defaults: { tags: ['tenant', 'order.id', 'note'] },
});
const extraOf = (input: unknown, options?: SubmitOptions): unknown =>
  JSON.parse(prepare(bill, input, options, sending).row.extra ?? 'null');

test('tags come from the input as the contract says, and from the submit', () => {
  expect(extraOf({ tenant: 'acme', order: { id: 17 } })).toEqual({ tags: ['tenant:acme', 'order.id:17'] });
  expect(extraOf({ note: true })).toEqual({ tags: ['tenant:none', 'note:true'] });
  expect(extraOf({ note: [1] }, { tags: ['x', 'x', 'tenant:none'] })).toEqual({ tags: ['tenant:none', 'x'] });
});

test('none without any', () => {
  const plain = defineTask({ name: 'test.plain', input: z.object({}), output: z.null() });
  expect(prepare(plain, {}, { tags: [] }, sending).row.extra).toBeNull();
  expect(prepare(plain, {}, undefined, sending).row.extra).toBeNull();
});

test.each<[string, unknown, string]>([
  ['no list', 'a', 'tags'],
  ['too many', Array.from({ length: 21 }, (_, i) => `t${i}`), 'tags'],
  ['with the contract’s too many', Array.from({ length: 20 }, (_, i) => `t${i}`), 'tags'],
  ['no text', [1], 'tags.0'],
  ['empty', ['a', ''], 'tags.1'],
  ['too long', ['x'.repeat(101)], 'tags.0'],
  ['a control character', ['a\nb'], 'tags.0'],
  ['half a character', ['\ud800'], 'tags.0'],
])('%s is refused', (_, tags, option) => {
  const submit = () => prepare(bill, {}, { tags: tags as string[] }, sending);
  expect(submit).toThrow(expect.objectContaining({ code: 'submit_options_invalid', option }) as Error);
});

test('a field that makes no tag is named', () => {
  expect(() => extraOf({ tenant: 'x'.repeat(200) })).toThrow(/the field tenant of the input is a tag by the contract/);
});

test.each<[unknown, RegExp]>([
  ['tenant', /tags: must be a list/],
  [['tenat'], /tags\.0: the input has no field "tenat"; did you mean tenant/],
  [['a:b'], /tags\.0: "a:b" is no path/],
])('a contract with tags %j is refused', (tags, reason) => {
  const define = () =>
    defineTask({
      name: 'test.wrong',
      input: z.object({ tenant: z.string() }),
      output: z.null(),
      defaults: { tags: tags as string[] },
    });
  expect(define).toThrow(reason);
});
