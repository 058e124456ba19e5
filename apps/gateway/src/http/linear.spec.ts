import { safeName } from '@lovage/files';
import {
  BatchItem,
  DeadLetterQuery,
  LimitBody,
  LoginBody,
  NewUserBody,
  RetryManyBody,
  SubmitBody,
  TaskListQuery,
} from '@lovage/http-api';
import { notifyMentions, sendMail } from '@lovage/contracts';
import { checkValue } from '@lovage/task';
import { expectLinear } from '@lovage/testing';
import { z } from 'zod';
import { findBadContents, parseJsonBody } from './json-body.ts';

// Whatever a stranger writes is read in time that grows as the text does, and no faster.

test.each([
  ['a long name', (n: number) => 'a'.repeat(n)],
  ['dots and blanks', (n: number) => '. '.repeat(n / 2)],
  ['names of folders', (n: number) => 'a/'.repeat(n / 2)],
  ['combining characters out of order', (n: number) => `a${'\u0315\u0300'.repeat(n / 2)}`],
])('the name of an uploaded file: %s', (_what, text) => {
  expectLinear(text, (given) => safeName(given));
});

const refused = (body: string): void => {
  try {
    parseJsonBody(Buffer.from(body));
  } catch {
    // Only the time counts.
  }
};

test.each([
  ['quotes', (n: number) => `"${'\\"'.repeat(n / 2)}`],
  ['backslashes', (n: number) => '\\'.repeat(n)],
  ['short strings', (n: number) => `[${'"",'.repeat(n / 3)}1]`],
  ['brackets', (n: number) => '[]'.repeat(n / 2)],
  ['texts that cannot be kept', (n: number) => `[${'"\\u0000",'.repeat(n / 9)}1]`],
  ['forbidden keys', (n: number) => `[${'{"__proto__":1},'.repeat(n / 16)}1]`],
  ['forbidden keys at the end of long paths', (n: number) => `{"${'k'.repeat(n)}":[${'"\\u0000",'.repeat(n / 9)}1]}`],
])('a body of %s', (_what, text) => {
  expectLinear(text, refused);
});

test('of what cannot be kept the first hundred are told, and of their paths the beginning', () => {
  const { badTexts } = findBadContents({ ['k'.repeat(10_000)]: Array<string>(5_000).fill('\0') });
  expect(badTexts).toHaveLength(100);
  expect(JSON.stringify(badTexts).length).toBeLessThan(100_000);
});

const ATTACKS = ['a', 'a.', '@', 'a@', '0', '-', ' ', ':', '\0', 'é', '1:', 'a/', ','];
const schemas: [string, z.ZodType, string[]][] = [
  ['a login', LoginBody, ['email', 'password']],
  ['a new user', NewUserBody, ['email', 'password', 'name']],
  ['a submit', SubmitBody, ['options.delay', 'options.eta', 'options.expires', 'options.queue']],
  ['a task of a batch', BatchItem, ['name']],
  ['a limit', LimitBody, ['rate', 'reason']],
  ['a list of tasks', TaskListQuery, ['state', 'createdFrom', 'user', 'text', 'limit']],
  ['a list of dead letters', DeadLetterQuery, ['reason', 'cursor', 'redriven']],
  ['a retry', RetryManyBody, ['rate', 'filter.state', 'cursor']],
  ['a mail', sendMail.input, ['subject', 'replyTo']],
  ['a text with mentions', notifyMentions.input, ['text', 'domain', 'author']],
];
test.each(schemas.flatMap(([what, schema, paths]) => paths.map((path) => [what, path, schema] as const)))(
  'a text in %s: %s',
  (_what, path, schema) => {
    for (const attack of ATTACKS)
      expectLinear(
        (size) => valueAt(path.split('.'), `${attack.repeat(size / attack.length)}!`),
        (value) => checkValue(schema, '', value),
        { from: 4_000, to: 64_000 },
      );
  },
);

function valueAt([name, ...below]: readonly string[], value: unknown): unknown {
  return name === undefined ? value : { [name]: valueAt(below, value) };
}

const times = <T>(count: number, value: T): T[] => Array<T>(Math.ceil(count)).fill(value);
const members = (count: number, prefix: string, value: unknown): Record<string, unknown> =>
  Object.fromEntries(times(count, 0).map((_, n) => [prefix + n, value]));
const wide = z.strictObject({
  lists: z.array(z.array(z.string().min(5))).optional(),
  either: z.union([z.string(), z.array(z.string())]).optional(),
  record: z.record(z.string().regex(/^k/), z.number().min(5)).optional(),
});

test.each<[string, z.ZodType, (size: number) => unknown]>([
  ['unknown fields', LoginBody, (n) => members(n, 'x', 1)],
  ['states', RetryManyBody, (n) => ({ filter: { state: times(n, 0) } })],
  ['ids', RetryManyBody, (n) => ({ ids: times(n, 0) })],
  ['values of a key', LimitBody, (n) => ({ keys: members(n, 'x', '') })],
  ['rules of errors', SubmitBody, (n) => ({ options: { retry: { errors: members(n, 'x', 1) } } })],
  ['lists that do not fit', wide, (n) => ({ lists: [times(n, '')] })],
  ['items of neither kind', wide, (n) => ({ either: times(n, 0) })],
  ['wrong keys', wide, (n) => ({ record: members(n, 'x', 1) })],
  ['wrong members', wide, (n) => ({ record: members(n, 'k', 1) })],
])('any number of %s', (_what, schema, value) => {
  expectLinear(value, (given) => checkValue(schema, '', given), { to: 32_000 });
});
