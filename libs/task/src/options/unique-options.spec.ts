import { z } from 'zod';
import { defineTask } from '../contract.ts';
import { defineSchedule } from '../schedule/define-schedule.ts';
import { compileUnique, type UniqueOptions } from './unique-options.ts';

const input = z.strictObject({
  tenant: z.string(),
  user: z.object({ id: z.number(), tags: z.array(z.object({ name: z.string() })) }).optional(),
  at: z.iso.datetime().transform((text) => new Date(text)),
  labels: z.record(z.string(), z.object({ text: z.string() })).default({}),
  either: z.union([z.string(), z.object({ a: z.string() })]),
  rest: z.unknown(),
  open: z.looseObject({ known: z.string() }),
});
const live = ['PENDING', 'SCHEDULED', 'QUEUED', 'STARTED', 'PROGRESS', 'RETRY'];

test('without more: the whole input, in every live state, however old; the other one is the answer', () => {
  expect(compileUnique(undefined)).toBeUndefined();
  expect(compileUnique(false)).toBeUndefined();
  const whole = { by: undefined, periodMs: undefined, states: live, onConflict: 'existing' };
  expect(compileUnique(true, input)).toEqual(whole);
  expect(compileUnique({}, input)).toEqual(whole);
});

test('a submit states what differs from the contract', () => {
  const by = (of: unknown) => of;
  const contract = compileUnique({ by, period: '1h', onConflict: 'replace' }, input)!;
  expect(compileUnique({ onConflict: 'reject' }, input, contract)).toEqual({ ...contract, onConflict: 'reject' });
  expect(compileUnique({ by: ['tenant'] }, input, contract)).toEqual({ ...contract, by: ['tenant'] });
  expect(compileUnique(true, input, contract)).toEqual(contract);
  expect(compileUnique(undefined, input, contract)).toEqual(contract);
  expect(compileUnique(false, input, contract)).toBeUndefined();
});

test('fields are one list, whatever their order', () => {
  expect(compileUnique({ by: ['user.id', 'tenant', 'tenant'] }, input)).toMatchObject({ by: ['tenant', 'user.id'] });
  const fine = [
    'user',
    'user.tags.0.name',
    'at',
    'labels.x.text',
    'either.a',
    'rest.of.it',
    'open.unknown',
    'open.known',
  ];
  for (const path of fine) compileUnique({ by: [path] }, input);
});

const BAD: readonly [unknown, RegExp][] = [
  ['yes', /^unique: must be an object/],
  [{ onConflit: 'reject' }, /^unique\.onConflit: unknown unique option; did you mean onConflict\?/],
  [{ onConflict: 'ignore' }, /^unique\.onConflict: "ignore" is not one of existing, replace, reject/],
  [{ by: 'tenant' }, /^unique\.by: must be a list/],
  [{ by: [] }, /^unique\.by: must be a list/],
  [{ by: Array(21).fill('tenant') }, /^unique\.by: must be a list of 1 to 20/],
  [{ by: [1] }, /^unique\.by\.0: 1 is no path/],
  [{ by: ['tenant', 'user.'] }, /^unique\.by\.1: "user\." is no path/],
  [{ by: ['tenat'] }, /^unique\.by\.0: the input has no field "tenat"; did you mean tenant\?/],
  [{ by: ['user.name'] }, /^unique\.by\.0: user has no field "name"/],
  [{ by: ['tenant.name'] }, /^unique\.by\.0: tenant has no fields/],
  [{ by: ['user.tags.name'] }, /^unique\.by\.0: user\.tags has no field "name"/],
  [{ by: ['__proto__'] }, /^unique\.by\.0: the input has no field "__proto__"/],
  [{ by: ['open.known.more'] }, /^unique\.by\.0: open\.known has no fields/],
  [{ period: 0 }, /^unique\.period: must be longer than zero/],
  [{ period: 'soon' }, /^unique\.period: not a duration/],
  [{ period: '3651d' }, /^unique\.period: is longer than ten years/],
  [{ states: 'QUEUED' }, /^unique\.states: must be a list/],
  [{ states: ['PENDING', 'queued'] }, /^unique\.states\.1: "queued" is not one of PENDING/],
  [{ states: ['SUCCESS'] }, /^unique\.states: lacks PENDING, SCHEDULED, QUEUED/],
  [{ states: ['PENDING', 'SCHEDULED', 'QUEUED', 'STARTED'] }, /^unique\.states: must hold both STARTED and PROGRESS/],
];
test.each(BAD)('%j is refused', (given, reason) => {
  expect(() => compileUnique(given as UniqueOptions, input)).toThrow(reason);
});

const one = { name: 'test.one', input, output: z.null() };

test('a contract is not defined with a rule that cannot work', () => {
  const bad = { by: ['tenat'] } as unknown as UniqueOptions<z.output<typeof input>>;
  expect(() => defineTask({ ...one, defaults: { unique: bad } })).toThrow(
    /task "test.one": defaults\.unique\.by\.0: the input has no field "tenat"/,
  );
  expect(() => defineTask({ ...one, defaults: { unique: true, record: 'final' } })).toThrow(
    /unique: needs record: 'full'/,
  );
  defineTask({ ...one, defaults: { unique: false, record: 'final' } });
});

test('neither is a schedule', () => {
  const ping = defineTask({ name: 'test.ping', input: z.strictObject({ to: z.string() }), output: z.null() });
  const rule = { name: 'ping', contract: ping, input: { to: 'a' }, every: '1m' } as const;
  expect(defineSchedule({ ...rule, unique: { by: ['to'] } }).options).toEqual({ unique: { by: ['to'] } });
  expect(() => defineSchedule({ ...rule, unique: { by: ['from'] } })).toThrow(/schedule "ping": unique\.by\.0/);
  expect(() => defineSchedule({ ...rule, unique: { by: (() => 1) as never } })).toThrow(/unique\.by: must be a list/);
  const kept = defineTask({ ...ping, name: 'test.kept', defaults: { record: 'final' } });
  expect(() => defineSchedule({ ...rule, contract: kept, unique: true })).toThrow(/unique: needs a contract of record/);
});
