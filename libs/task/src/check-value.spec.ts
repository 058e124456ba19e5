import { z } from 'zod';
import { checkValue, MAX_ISSUES } from './check-value.ts';
import { listIssues } from './issue.ts';

const Item = z.strictObject({ name: z.string().min(5) });
const schema = z.strictObject({
  items: z.array(Item).optional(),
  few: z
    .array(z.enum(['a', 'b']))
    .max(10)
    .optional(),
  many: z.array(z.enum(['a', 'b'])).optional(),
  texts: z.array(z.string().min(5)).optional(),
  lists: z.array(z.array(z.string().min(5))).optional(),
  either: z.union([z.string(), z.array(z.string())]).optional(),
  record: z.record(z.string().regex(/^k/), z.number().min(5)).optional(),
});
const issuesOf = (value: unknown) => checkValue(schema, 'input', value).issues ?? [];
const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);
const members = (count: number, prefix: string, value: unknown): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [prefix + n, value]));

test.each<[string, (size: number) => unknown]>([
  ['wrong items', (n) => ({ many: times(n, 0) })],
  ['items that are too short', (n) => ({ texts: times(n, '') })],
  ['lists of them', (n) => ({ lists: [times(n, '')] })],
  ['items of either kind', (n) => ({ either: times(n, 0) })],
  ['items with unknown fields', (n) => ({ items: times(n, { name: 'ananas', x: 1 }) })],
  ['unknown fields', (n) => members(n, 'x', 1)],
  ['wrong keys', (n) => ({ record: members(n, 'x', 1) })],
  ['wrong members', (n) => ({ record: members(n, 'k', 1) })],
  ['a long key', (n) => ({ record: { [`k${'x'.repeat(n)}`]: 1, ['y'.repeat(n)]: 1 } })],
])('of any number of %s few words are made', (_what, value) => {
  for (const size of [1, 101, 5_000, 200_000]) {
    const issues = issuesOf(value(size));
    expect(issues.length).toBeGreaterThan(0);
    expect(issues.length).toBeLessThanOrEqual(MAX_ISSUES);
    expect(JSON.stringify(issues).length).toBeLessThan(MAX_ISSUES * 1_600);
    expect(listIssues(issues).length).toBeLessThan(16_000);
  }
});

test('the length of a list is looked at before its items', () => {
  const looked: unknown[] = [];
  const list = z.array(z.unknown().refine((item) => looked.push(item))).max(10);
  expect(checkValue(list, 'list', times(500_000, 1)).issues).toEqual([
    { path: 'list', message: expect.stringMatching(/10/) },
  ]);
  expect(looked).toEqual([]);
  expect(issuesOf({ few: times(500_000, 0) }).map(({ path }) => path)).toEqual(['input.few']);
});

test('of what is small all is told, up to the bound', () => {
  expect(issuesOf({ many: times(7, 0) })).toHaveLength(7);
  expect(issuesOf({ many: times(700, 0) })).toHaveLength(MAX_ISSUES);
});

test('a large value that fits is taken, whatever branch of a union it is', () => {
  const either = z.union([z.array(z.string().min(5)), z.array(z.number()), z.array(z.string())]);
  for (const value of [times(100_000, 'abc'), times(100_000, 1), times(100_000, 'abcdef')])
    expect(checkValue(either, '', value)).toEqual({ value });
});

test('a long list ends at its first wrong item, whatever is wrong with it; then its checks are as they were', () => {
  const looked: unknown[] = [];
  const look = z.unknown().refine((item) => looked.push(item));
  const tree: z.ZodType = z.lazy(() => z.strictObject({ text: z.string().min(5), below: z.array(tree).optional() }));
  const kinds: [z.ZodType, unknown][] = [
    [z.string().min(5), ''],
    [z.string().check(z.minLength(5)), ''],
    [z.email(), ''],
    [z.int().min(5), 1],
    [z.number().multipleOf(5), 1],
    [z.string().refine((text) => text.length > 4), ''],
    [z.strictObject({ name: z.string().min(5) }), { name: '' }],
    [z.union([z.number(), z.string().min(5)]), ''],
    [z.record(z.string(), z.number().min(5)), { a: 1 }],
    [z.string().min(5).optional().nullable(), ''],
    [tree, { text: 'ananas', below: [{ text: '' }] }],
    [tree, { text: '' }],
  ];
  for (const [kind, wrong] of kinds) {
    looked.length = 0;
    const list = z.array(z.tuple([kind, look]));
    const many = times(20_000, [wrong, 1]);
    expect(checkValue(list, 'list', many).issues?.length).toBe(1);
    expect(looked.length).toBeLessThanOrEqual(1);
    // Of what is small all is told, of each item and of one text.
    expect(checkValue(list, 'list', many.slice(0, 7)).issues).toHaveLength(7);
  }
  const twice = z.string().min(5).regex(/^k/);
  expect(checkValue(twice, 'text', 'x').issues).toHaveLength(2);
  expect(twice.safeParse('x').error?.issues).toHaveLength(2);
});

test('unknown fields are one thing, some of them named', () => {
  expect(issuesOf(members(95_000, 'x', 1))).toEqual([
    { path: 'input', message: expect.stringMatching(/^unknown fields: "x0", "x1", .* and 94990 more$/) },
  ]);
});

test('without a root the path begins with the field', () => {
  expect(checkValue(schema, '', { few: [0] }).issues?.[0]?.path).toBe('few.0');
  expect(checkValue(schema, '', 1).issues?.[0]?.path).toBe('');
});

test('an error of a refinement is its own, also when it fills the stack', () => {
  const deep = (): number => deep() + 1;
  const faulty = z.string().refine(() => deep() > 0);
  expect(() => checkValue(faulty, '', 'x')).toThrow(/call stack/);
});

test('a message lists the first of many', () => {
  const issues = Array.from({ length: 12 }, (_, n) => ({ path: `p${n}`, message: 'no' }));
  expect(listIssues(issues)).toBe(
    `${issues
      .slice(0, 10)
      .map(({ path }) => `${path}: no`)
      .join('; ')}; and 2 more`,
  );
});
