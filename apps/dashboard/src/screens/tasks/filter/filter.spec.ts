import { TaskListQuery } from '@lovage/http-api';
import { TASK_STATES } from '@lovage/task';
import fc from 'fast-check';
import { complete, type Known } from './complete.ts';
import { MAX_FILTER, type FilterErrorCode, type TaskListFilter } from './filter.ts';
import { fieldsOfSchema } from './known-fields.ts';
import { momentMs } from './moments.ts';
import { parseFilter } from './parse.ts';
import { printFilter } from './print.ts';
import { queryOf } from './query.ts';

const NOW = Date.UTC(2026, 10, 29, 22, 0);
const ID = '01a1fbe1-0f69-773b-b9e8-dc696f8e1656';
const context = { now: NOW, zone: 'Europe/Berlin', userId: ID };
const query = (text: string) => {
  const { filter, errors } = parseFilter(text);
  expect(errors).toEqual([]);
  return queryOf(filter, context);
};

test('a text becomes what the gateway is asked', () => {
  expect(query('name:mail.* state:failure,DEAD input.to:"a@b.c" created:>1h')).toEqual({
    ...{ name: 'mail.*', state: 'FAILURE,DEAD', field: ['to=a@b.c'], createdFrom: '2026-11-29T21:00:00.000Z' },
  });
  expect(query(`state:DEAD  STATE:RETRY tag:tenant:acme tag:"two words" user:me parent:${ID.toUpperCase()}`)).toEqual({
    ...{ state: 'RETRY,DEAD', tag: ['tenant:acme', 'two words'], user: ID, parent: ID },
  });
  expect(query('input."a b".c:1 input.empty:"" connection refused ended:2h..2026-11-29T23:30')).toEqual({
    ...{ field: ['a b.c=1', 'empty='], text: 'connection refused' },
    ...{ finishedFrom: '2026-11-29T20:00:00.000Z', finishedTo: '2026-11-29T22:30:00.000Z' },
  });
  expect(query('created:2026-11-28')).toEqual({
    ...{ createdFrom: '2026-11-27T23:00:00.000Z', createdTo: '2026-11-28T23:00:00.000Z' },
  });
  expect(query('created:>2d created:<1d')).toEqual(query('created:2d..1d'));
  expect(query('queue:">odd" "state:DEAD" name:a.b')).toEqual({ queue: '>odd', text: 'state:DEAD', name: 'a.b' });
  expect(query('')).toEqual({});
});

test.each<[string, FilterErrorCode, string]>([
  ['states:DEAD', 'unknown_key', 'states:DEAD'],
  ['name.x:1', 'unknown_key', 'name.x:1'],
  ['http://a.b', 'unknown_key', 'http://a.b'],
  ['queue: name:a.b', 'value_missing', 'queue:'],
  ['input:1', 'path_missing', 'input:1'],
  ['input..a:1', 'path_missing', 'input..a:1'],
  ['input."a.b":1', 'path_invalid', 'input."a.b":1'],
  ['x "no end', 'quote_open', '"no end'],
  ['queue:"a"b', 'quote_followed', 'b'],
  ['-state:DEAD', 'negation', '-state:DEAD'],
  ['queue:a queue:b', 'repeated', 'queue:b'],
  ['created:>1h created:>2h', 'repeated', 'created:>2h'],
  ['state:DEAD,GONE', 'state_unknown', 'GONE'],
  ['parent:17', 'id_invalid', 'parent:17'],
  ['created:>soon', 'time_invalid', 'created:>soon'],
  ['created:>2026-02-30', 'time_invalid', 'created:>2026-02-30'],
  ['created:1h', 'time_bare', 'created:1h'],
  ['input.n:>5', 'comparison', 'input.n:>5'],
  ['name:a*b', 'wildcard', 'name:a*b'],
  ['tag:a\u0000b', 'character', 'tag:a\u0000b'],
  [`worker:${'w'.repeat(256)}`, 'too_long', `worker:${'w'.repeat(256)}`],
  [`input.a:1 input.b:1 input.c:1 input.d:1 input.e:1 input.f:1`, 'too_many', 'input.f:1'],
])('%.40s cannot be understood: %s', (text, code, part) => {
  const { errors } = parseFilter(text);
  expect(errors).toEqual([
    { ...{ code, from: text.indexOf(part) }, to: text.indexOf(part) + part.length, message: errors[0]!.message },
  ]);
  expect(errors[0]!.message.length).toBeGreaterThan(10);
});

test('what is understood counts, beside what is not', () => {
  expect(parseFilter('state:DEAD nix:1 word').filter).toMatchObject({ states: ['DEAD'], text: 'word' });
});

const plain = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
const id = fc.uuid({ version: [1, 4, 7] });
const moment = fc.oneof(
  fc.tuple(fc.nat(999_999), fc.constantFrom('s', 'm', 'h', 'd', 'w')).map(([count, unit]) => `${count}${unit}`),
  fc
    .date({ min: new Date(0), max: new Date(Date.UTC(9000, 1)), noInvalidDate: true })
    .chain((date) =>
      fc.constantFrom(
        date.toISOString(),
        date.toISOString().slice(0, 10),
        date.toISOString().slice(0, 16),
        `${date.toISOString().slice(0, 19)}-03:30`,
      ),
    ),
);
const span = fc.record({ from: moment, to: moment }, { requiredKeys: [] }).filter((one) => Object.keys(one).length > 0);
const segment = plain.filter((text) => !/[.=]/.test(text) && text.length < 100);
const unique = <T>(one: fc.Arbitrary<T>, maxLength: number) =>
  fc.uniqueArray(one, { maxLength, selector: (value) => JSON.stringify(value) });
const anyFilter: fc.Arbitrary<TaskListFilter> = fc
  .record(
    {
      states: fc.subarray([...TASK_STATES]),
      name: fc
        .tuple(
          plain.filter((text) => !text.includes('*')),
          fc.constantFrom('', '*'),
        )
        .map((parts) => parts.join('')),
      ...{ queue: plain, worker: plain, parent: id, root: id, retriedFrom: id, failureGroup: id },
      user: fc.oneof(id, fc.constant('me')),
      tags: unique(plain, 10),
      fields: unique(
        fc.record({ path: fc.array(segment, { minLength: 1, maxLength: 4 }), value: fc.oneof(fc.constant(''), plain) }),
        5,
      ),
      ...{ created: span, ended: span, text: plain },
    },
    { requiredKeys: ['states', 'tags', 'fields'] },
  )
  .filter((filter) => printFilter(filter).length <= MAX_FILTER);

test('every filter is read as it was printed, and the gateway takes it', () => {
  fc.assert(
    fc.property(anyFilter, (filter) => {
      const { filter: read, errors } = parseFilter(printFilter(filter));
      expect(errors).toEqual([]);
      expect(read).toEqual(filter);
      expect(TaskListQuery.safeParse(queryOf(read, context)).error?.issues).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

const piece = fc.constantFrom(
  'state:',
  'input.',
  '"',
  '\\',
  ' ',
  ':',
  '>',
  '..',
  ',',
  'DEAD',
  '1h',
  'me',
  '*',
  '-',
  ID,
  'created:',
  'ü',
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(piece, { maxLength: 30 }).map((all) => all.join('')),
);

test('no text throws; errors point into it; what is understood is read again from its print, and completed anywhere', () => {
  const known: Known = {
    names: ['a.b', 'a.c'],
    queues: ['q w'],
    workers: [],
    fields: () => [{ path: ['a b'], type: 'string' }],
  };
  fc.assert(
    fc.property(anyText, fc.nat(), (text, place) => {
      const { filter, errors } = parseFilter(text);
      for (const { from, to } of errors) expect(0 <= from && from < to && to <= text.length).toBe(true);
      expect(parseFilter(printFilter(filter))).toEqual({ filter, errors: [] });
      const caret = place % (text.length + 1);
      const { from, to } = complete(text, caret, known);
      expect(from <= caret && caret <= to && to <= text.length).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('a text of any length is read in linear time', () => {
  for (const part of ['a."\\" ', 'state:DEAD,', '"', 'input.a.b.c.d:1 ', ' ']) {
    const { errors } = parseFilter(part.repeat(200_000));
    expect(errors.at(-1)?.code).toBe('too_long');
    expect(errors.length).toBeLessThan(MAX_FILTER);
  }
});

const options = (selected: string): string[] => {
  const caret = selected.indexOf('|');
  const known: Known = {
    ...{ names: ['mail.send_one', 'mail.send_many', 'math.add'], queues: ['default', 'bulk'], workers: ['w1@host'] },
    fields: (name) =>
      name === 'mail.send_one'
        ? fieldsOfSchema({
            type: 'object',
            properties: {
              to: { type: 'string' },
              mode: { enum: ['plain', 'html'] },
              order: { $ref: '#/$defs/order' },
              list: { type: 'array', items: { type: 'string' } },
              again: { anyOf: [{ type: 'null' }, { type: 'boolean' }, { $ref: '#' }] },
            },
            $defs: { order: { type: 'object', properties: { id: { type: 'integer' }, 'a b': { type: 'number' } } } },
          })
        : [],
  };
  const { from, to, options: all } = complete(selected.replace('|', ''), caret, known);
  const text = selected.replace('|', '');
  return all.map(({ insert }) => text.slice(0, from) + insert + text.slice(to));
};

test('completion offers keys, values and the paths of inputs', () => {
  expect(options('|')).toContain('state:');
  expect(options('state:DEAD qu|')).toEqual(['state:DEAD queue:']);
  expect(options('state:fa|')).toEqual(['state:FAILURE ']);
  expect(options('state:DEAD,r|')).toEqual(['state:DEAD,RETRY ', 'state:DEAD,REVOKED ']);
  expect(options('name:mail|')).toEqual(['name:mail.* ', 'name:mail.send_one ', 'name:mail.send_many ']);
  expect(options('inp|')).toEqual(['input.']);
  expect(options('name:mail.send_one input.|')).toEqual([
    ...['to', 'mode', 'order.id', 'order."a b"', 'again'].map((path) => `name:mail.send_one input.${path}:`),
  ]);
  expect(options('name:mail.send_one input.mode:h|')).toEqual(['name:mail.send_one input.mode:html ']);
  expect(options('name:mail.send_one input.again:|')).toHaveLength(2);
  expect(options('created:|')).toContain('created:>1h ');
  expect(options('xyz|')).toEqual([]);
});

test('a time without an offset is of the zone, also where clocks change', () => {
  const at = (text: string, zone: string) => new Date(momentMs(text, { now: NOW, zone })).toISOString();
  expect(at('2026-07-01', 'Europe/Berlin')).toBe('2026-06-30T22:00:00.000Z');
  expect(at('2026-10-25T12:00', 'Europe/Berlin')).toBe('2026-10-25T11:00:00.000Z');
  expect(at('2026-03-29T01:59', 'Europe/Berlin')).toBe('2026-03-29T00:59:00.000Z');
  expect(at('2026-11-01T00:30:15.5', 'America/New_York')).toBe('2026-11-01T04:30:15.500Z');
  expect(at('2026-11-01T00:30+05:30', 'America/New_York')).toBe('2026-10-31T19:00:00.000Z');
});
