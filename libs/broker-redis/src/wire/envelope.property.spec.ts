import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readEnvelope, writeEnvelope } from './envelope.ts';

const text = fc
  .string({ minLength: 1, maxLength: 255, unit: 'binary' })
  .filter((one) => one.length <= 255 && !one.includes('\0'));
const maybeText = fc.option(text, { nil: undefined });

describe('envelopes', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(
        fc.record({
          body: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
          contentType: maybeText,
          contentEncoding: maybeText,
          headers: fc.dictionary(
            fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
            fc.jsonValue(),
          ),
          correlationId: maybeText,
          replyTo: maybeText,
          priority: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
        }),
        (content) => {
          const read = readEnvelope(writeEnvelope('', 'q', content));
          expect(read).toMatchObject({
            body: content.body,
            contentType: content.contentType,
            contentEncoding: content.contentEncoding,
            correlationId: content.correlationId,
            replyTo: content.replyTo,
            priority: content.priority,
            redelivered: false,
            death: undefined,
          });
          expect(JSON.stringify(read.headers)).toBe(JSON.stringify(content.headers));
          expect(read.identity).toMatch(/^[0-9a-f-]{36}$/);
        },
      ),
    );
  });

  it('of anybody are read without an error, and anything else is its own bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (raw) => {
        const { body, headers, contentType } = readEnvelope(raw);
        expect(Buffer.isBuffer(body)).toBe(true);
        expect(typeof headers).toBe('object');
        expect(['string', 'undefined']).toContain(typeof contentType);
      }),
    );
    for (const raw of ['', '{', '[]', 'null', '{"body":7}', '[['.repeat(100_000)])
      expect(readEnvelope(raw)).toMatchObject({ body: Buffer.from(raw), contentType: undefined });
  });

  it('with fields of other types lose those fields alone', () => {
    const raw = JSON.stringify({
      ...{ body: 'eA==', 'content-type': 7, 'content-encoding': null, headers: [1] },
      properties: {
        ...{ body_encoding: 'base64', correlation_id: {}, reply_to: 'x'.repeat(256), priority: '9' },
        ...{ delivery_info: 'no', delivery_tag: 1 },
      },
    });
    expect(readEnvelope(raw)).toEqual({
      ...{ body: Buffer.from('x'), headers: {}, redelivered: false },
      ...{ contentType: undefined, contentEncoding: undefined, correlationId: undefined, replyTo: undefined },
      ...{ priority: undefined, identity: undefined, death: undefined },
    });
  });
});
