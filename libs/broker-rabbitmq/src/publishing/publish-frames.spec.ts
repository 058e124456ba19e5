import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from '@jest/globals';

import { PublishFrames, type MessageProperties } from './publish-frames.ts';

interface Frames {
  BasicPublish: number;
  BasicProperties: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
}

const require = createRequire(import.meta.url);
const amqplib = dirname(require.resolve('amqplib'));
const frames = require(join(amqplib, 'lib/defs.js')) as Frames;
const { makeBodyFrame } = require(join(amqplib, 'lib/frame.js')) as {
  makeBodyFrame(channel: number, body: Buffer): Buffer;
};

/** The bytes of one message; undefined: it is left to amqplib. */
function publishFrame(channel: number, queue: string, body: Buffer, properties: MessageProperties, messageId: string) {
  const frames = new PublishFrames(channel);
  return frames.add(queue, body, properties, messageId) ? frames.take() : undefined;
}

function ofAmqplib(channel: number, queue: string, body: Buffer, properties: MessageProperties, messageId: string) {
  const fields = {
    ...{ exchange: '', routingKey: queue, mandatory: true, immediate: false },
    ...{ ...properties, deliveryMode: 2, messageId },
  };
  return Buffer.concat([
    frames.encodeMethod(frames.BasicPublish, channel, fields),
    frames.encodeProperties(frames.BasicProperties, channel, body.length, fields),
    makeBodyFrame(channel, body),
  ]);
}

const TEXT = fc.string({ unit: 'binary-ascii', maxLength: 300 });
const SHORT = fc.string({ unit: 'binary-ascii', maxLength: 255 });
const VALUE = fc.oneof(TEXT, fc.constant(null), fc.boolean(), fc.integer({ min: 0, max: 127 }));
const KNOWN = fc.record({
  channel: fc.integer({ min: 1, max: 65_535 }),
  queue: SHORT,
  body: fc.uint8Array({ minLength: 1, maxLength: 900 }).map((bytes) => Buffer.from(bytes)),
  messageId: SHORT,
  properties: fc.record({
    contentType: SHORT,
    contentEncoding: SHORT,
    headers: fc.dictionary(SHORT, fc.oneof(VALUE, fc.array(VALUE, { maxLength: 3 })), { maxKeys: 20 }),
    correlationId: fc.option(SHORT, { nil: undefined }),
    replyTo: fc.option(SHORT, { nil: undefined }),
    priority: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
  }),
});

test('what is made here is what amqplib makes, to the byte; longer messages are left to it', () => {
  let made = 0;
  fc.assert(
    fc.property(KNOWN, ({ channel, queue, body, properties, messageId }) => {
      const theirs = ofAmqplib(channel, queue, body, properties, messageId);
      const ours = publishFrame(channel, queue, body, properties, messageId);
      if (ours) made += 1;
      expect(ours).toEqual(theirs.length < 2048 ? theirs : undefined);
    }),
    { numRuns: 300 },
  );
  expect(made).toBeGreaterThan(50);
});

const PLAIN: MessageProperties = { contentType: 'application/json', contentEncoding: 'utf-8', headers: { a: 'b' } };

test.each<[string, Partial<MessageProperties>]>([
  ['text beyond ASCII in a header', { headers: { a: 'ž' } }],
  ['a key beyond ASCII', { headers: { ž: 1 } }],
  ['text beyond ASCII in a list', { headers: { a: [null, 'ž'] } }],
  ['a number that is not small', { headers: { a: 128 } }],
  ['a negative number', { headers: { a: -1 } }],
  ['a fraction', { headers: { a: 0.5 } }],
  ['an object', { headers: { a: {} } }],
  ['a function', { headers: { a: () => 1 } }],
  ['a long key', { headers: { ['k'.repeat(256)]: 1 } }],
  ['a long correlation id', { correlationId: 'c'.repeat(256) }],
  ['an invalid priority', { priority: 256 }],
  ['no content type', { contentType: undefined }],
])('%s is left to amqplib', (_, properties) => {
  const body = Buffer.from('{}');
  expect(publishFrame(1, 'q', body, { ...PLAIN, ...properties }, '1')).toBeUndefined();
  expect(publishFrame(1, 'q', body, PLAIN, '1')).toEqual(ofAmqplib(1, 'q', body, PLAIN, '1'));
});

test('a list that holds itself is left to amqplib', () => {
  const list: unknown[] = [];
  list.push(list);
  expect(publishFrame(1, 'q', Buffer.from('{}'), { ...PLAIN, headers: { list } }, '1')).toBeUndefined();
});

test('messages are gathered in their order until there is no room; what is left to amqplib leaves nothing behind', () => {
  const frames = new PublishFrames(7);
  const body = Buffer.from('{}');
  const left: [Buffer, MessageProperties][] = [
    [body, { ...PLAIN, headers: { a: 'x'.repeat(1500), b: 'y'.repeat(1500) } }],
    [body, { ...PLAIN, headers: { a: 'b', c: 'ž' } }],
    [Buffer.alloc(0), PLAIN],
    [Buffer.alloc(5000), PLAIN],
  ];
  const sent: Buffer[] = [];
  for (let i = 0; frames.hasRoom; i += 1) {
    const long = { ...PLAIN, headers: { text: 'x'.repeat(i % 1900) } };
    expect(frames.add('q', body, long, String(i))).toBe(true);
    sent.push(ofAmqplib(7, 'q', body, long, String(i)));
    const [otherBody, other] = left[i % left.length]!;
    if (frames.hasRoom) expect(frames.add('q', otherBody, other, 'x')).toBe(false);
  }
  expect(sent.length).toBeGreaterThan(30);
  expect(frames.take()).toEqual(Buffer.concat(sent));
  expect(frames.isEmpty).toBe(true);
});
