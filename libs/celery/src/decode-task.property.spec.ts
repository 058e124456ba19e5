import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeTask } from './decode-task.ts';
import { encodeTask } from './encode-task.ts';
import type { OutgoingTask } from './task-message.ts';

const HEADER_NAMES = [
  ...['lang', 'task', 'id', 'shadow', 'eta', 'expires', 'group', 'group_index', 'retries', 'timelimit', 'root_id'],
  ...['parent_id', 'ignore_result', 'compression', 'origin', 'x-lovage-turn', 'x-lovage-row', 'x-lovage-facts'],
  ...['x-death', 'x-trace', 'stamps', '__proto__', 'constructor'],
];
const MAX_COUNT = 2 ** 30;

const safe = (value: unknown) => !/"(__proto__|constructor|__type__)"/.test(JSON.stringify(value));
// Through JSON once, which has no -0.
const json = fc
  .jsonValue()
  .map((value): unknown => JSON.parse(JSON.stringify(value)))
  .filter(safe);
const object = fc.dictionary(fc.string(), json).filter(safe);
const word = fc
  .string({ minLength: 1, maxLength: 200, unit: 'grapheme' })
  .filter((text) => text.length <= 255 && !text.includes('\0'));
const time = fc.option(fc.integer({ min: 0, max: Date.parse('9999-12-31') }), { nil: null });
const seconds = fc.option(fc.double({ min: 0.001, max: 1e9, noNaN: true }), { nil: null });
const list = fc.option(fc.array(object, { maxLength: 3 }), { nil: null });
const int = fc.nat(MAX_COUNT);

const common = {
  ...{ id: fc.oneof(fc.uuid(), word), name: word, retries: int, generation: int, hasRow: fc.boolean(), eta: time },
  rootId: fc.option(word, { nil: null }),
  parentId: fc.option(word, { nil: null }),
  expiresAt: time,
  timeLimit: fc.tuple(seconds, seconds),
  ignoreResult: fc.boolean(),
  shadow: fc.option(word, { nil: null }),
  group: fc.option(word, { nil: null }),
  groupIndex: fc.option(int, { nil: null }),
  replyTo: fc.option(word, { nil: undefined }),
  embed: fc.record({ callbacks: list, errbacks: list, chain: list, chord: fc.option(object, { nil: null }) }),
  newTask: fc.option(
    fc.record(
      { userId: fc.uuid(), retriedFrom: fc.uuid(), version: int, expiresAt: fc.nat(1e13) },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  ),
};
const ours: fc.Arbitrary<OutgoingTask> = fc.record({
  ...common,
  inputJson: object.map((value) => JSON.stringify(value)),
});
const foreign: fc.Arbitrary<OutgoingTask> = fc.record({
  ...common,
  ...{ inputJson: fc.constant(null), args: fc.array(json), kwargs: object },
});

describe('a task encoded and decoded', () => {
  it('is the same task', () => {
    fc.assert(
      fc.property(fc.oneof(ours, foreign), (sent) => {
        const { args = [], kwargs, inputJson, ...same } = sent;
        const decoded = decodeTask(encodeTask(sent));
        const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        expect(decoded.ok && decoded.task).toMatchObject({
          ...same,
          ...{ args: plain(args), kwargs: inputJson === null ? plain(kwargs) : JSON.parse(inputJson) },
          embed: plain(same.embed),
          ...{ correlationId: sent.id, extraHeaders: undefined },
        });
      }),
    );
  });

  it('returns the very text of the input', () => {
    fc.assert(
      fc.property(ours, (sent) => {
        const decoded = decodeTask(encodeTask({ ...sent, embed: undefined }));
        expect(decoded.ok && decoded.task.inputJson).toBe(sent.inputJson);
      }),
    );
  });

  it('keeps further headers', () => {
    const headers = fc.dictionary(fc.stringMatching(/^x-[a-c]{1,5}$/), json, { minKeys: 1 });
    fc.assert(
      fc.property(ours, headers, (sent, extra) => {
        const decoded = decodeTask(encodeTask({ ...sent, headers: extra }));
        expect(decoded.ok && decoded.task.extraHeaders).toEqual(JSON.parse(JSON.stringify(extra)));
      }),
    );
  });

  it('is the same when sent again from what was received: a retry loses nothing', () => {
    fc.assert(
      fc.property(foreign, (sent) => {
        const first = decodeTask(encodeTask(sent));
        if (!first.ok) throw new Error(first.reason);
        const again = { ...first.task, inputJson: null, headers: first.task.extraHeaders };
        expect(decodeTask(encodeTask(again))).toEqual({ ok: true, task: { ...first.task } });
      }),
    );
  });
});

describe('a body as we write it', () => {
  const deep = (n: number): string => `${'['.repeat(n)}${']'.repeat(n)}`;
  const input = fc.oneof(
    fc.json(),
    fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc.constantFrom(
      '{},{}',
      '{}],[{}',
      '',
      ' {} ',
      '1e999',
      '{"a":NaN}',
      '{"__proto__":1}',
      '{"constructor":{"prototype":1}}',
    ),
    fc.constantFrom(
      '{"__type__":"uuid","__value__":1}',
      `{"a":${deep(125)}}`,
      `{"a":${deep(126)}}`,
      `{"a":${deep(127)}}`,
    ),
    fc.string(),
  );

  it('is read as any other, whatever stands in for the input', () => {
    const [task] = fc.sample(ours, 1);
    const message = encodeTask({ ...task!, inputJson: '{}', embed: undefined });
    fc.assert(
      fc.property(input, (text) => {
        const decode = (start: string) => {
          const body = message.body.toString('utf8').replace('[[],{},', () => `${start}${text},`);
          const decoded = decodeTask({ ...message, body: Buffer.from(body) });
          if (decoded.ok) return { ...decoded.task, inputJson: '' };
          return { code: decoded.code, id: decoded.id, name: decoded.name };
        };
        expect(decode('[[],')).toEqual(decode('[ [],'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('decodeTask', () => {
  // Header values as an AMQP client or JSON can bring them.
  const headerValue = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('application/x-gzip', 'py', 'js', NaN, Infinity, -1, 2 ** 53, 7n, Buffer.from([0xff]), new Date(0)),
    fc.constantFrom('2030-01-01T00:00:00+00:00', [null, null], [1], '{"userId":1}', { '!': 'timestamp', value: 5 }),
  );
  const headers = fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...HEADER_NAMES), fc.string()), headerValue), { maxLength: 12 })
    .chain((pairs) =>
      fc.boolean().map((named) => {
        const base: Record<string, unknown> = named ? { task: 'a.b', id: 'id' } : {};
        for (const [key, value] of pairs)
          Object.defineProperty(base, key, { value, enumerable: true, configurable: true });
        return base;
      }),
    );
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.string().map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    fc.tuple(fc.json(), fc.json(), fc.json()).map((parts) => Buffer.from(`[${parts.join(',')}]`)),
    fc.json().map((text) => deflateSync(text)),
    fc
      .record(
        { task: fc.jsonValue(), id: fc.jsonValue(), args: fc.jsonValue(), timelimit: fc.jsonValue() },
        { requiredKeys: [] },
      )
      .map((old) => Buffer.from(JSON.stringify(old))),
  );
  const property = fc.option(fc.oneof(fc.constantFrom('application/json', 'utf-8', ''), fc.string()), {
    nil: undefined,
  });

  it('never throws and always knows why, whatever the bytes and headers', () => {
    fc.assert(
      fc.property(
        headers,
        body,
        property,
        property,
        fc.boolean(),
        (given, bytes, contentType, contentEncoding, good) => {
          const types = good ? { contentType: 'application/json' } : { contentType, contentEncoding };
          const decoded = decodeTask({ headers: given, body: bytes, ...types });
          expect(decoded.ok || decoded.code).not.toBe('message_unreadable');
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('accepts what it accepts in a form that can be stored and sent again', () => {
    const plausible = fc.record(
      {
        ...{ lang: fc.constantFrom('py', 'js', 3), shadow: json, group: json, group_index: json, root_id: json },
        ...{ parent_id: json, ignore_result: json, origin: json, retries: int, 'x-trace': json, stamps: json },
        eta: fc.stringMatching(/^\d{4}-0[1-9]-1\d(T\d{2}:1\d(:1\d(\.\d{1,7})?)?(Z|[+-]0\d:\d0)?)?$/),
        ...{ timelimit: fc.tuple(seconds, seconds), 'x-death': json, 'x-lovage-turn': int, 'x-bytes': fc.uint8Array() },
      },
      { requiredKeys: [] },
    );
    const embed = fc.oneof(
      fc.constant(null),
      fc.record({ chain: list, chord: json, more: json }, { requiredKeys: [] }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(plausible, fc.array(json), object, embed, (extra, args, kwargs, canvas) => {
        const message = { body: Buffer.from(JSON.stringify([args, kwargs, canvas])), contentType: 'application/json' };
        const decoded = decodeTask({ ...message, headers: { ...extra, task: 'a.b', id: 'id' } });
        if (!decoded.ok) return;
        accepted += 1;
        const { task } = decoded;
        const again = {
          ...task,
          inputJson: null,
          generation: Math.max(0, task.generation),
          headers: task.extraHeaders,
        };
        const kept = JSON.parse(JSON.stringify(again)) as typeof again;
        const received = decodeTask(encodeTask(kept));
        expect(received).toMatchObject({
          ok: true,
          task: { args: task.args, kwargs: task.kwargs, embed: task.embed, eta: task.eta, group: task.group },
        });
        expect(received.ok && received.task.extraHeaders).toEqual(task.extraHeaders);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
