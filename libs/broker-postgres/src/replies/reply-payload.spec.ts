import { isAscii } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readPayload, writePayload, writeStoredPrefix } from './reply-payload.ts';

const correlationId = fc.oneof(fc.uuid(), fc.string({ unit: 'binary' }), fc.constant(''));

describe('reply payload', () => {
  test('brings id and body through, in ASCII of less than 8000 bytes, or says that the body must be stored', () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 9000 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: 'binary-ascii', maxLength: 9000 }).map((text) => Buffer.from(text)),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(correlationId, body, (id, bytes) => {
        const payload = writePayload(id, bytes);
        if (payload === undefined) return expect(bytes.length * 1.4 + id.length * 12).toBeGreaterThan(7900);
        expect(isAscii(Buffer.from(payload)) && !payload.includes('\0')).toBe(true);
        expect(payload.length).toBeLessThan(8000);
        const read = readPayload(payload);
        expect(read?.correlationId).toBe(id);
        expect(read && 'body' in read && read.body.equals(bytes)).toBe(true);
      }),
    );
  });

  test('a plain JSON body travels as it is, up to the limit', () => {
    expect(writePayload('id', Buffer.from('{"x":1}'))).toBe('tid {"x":1}');
    expect(writePayload('id', Buffer.alloc(7995, 'x'))).toHaveLength(7999);
    expect(writePayload('id', Buffer.alloc(7996, 'x'))).toBeUndefined();
    expect(writePayload('id', Buffer.alloc(6000, 0xff))).toBeUndefined();
  });

  test('names a stored body', () => {
    fc.assert(
      fc.property(correlationId, fc.nat(), (id, number) => {
        expect(readPayload(`${writeStoredPrefix(id)}${number}`)).toEqual({ correlationId: id, stored: number });
      }),
    );
    expect(writeStoredPrefix('x'.repeat(7990))).toBeUndefined();
  });

  test('anything else is passed over', () => {
    for (const forged of [
      '',
      ' ',
      't',
      'tid',
      'x id',
      'sid ',
      'sid 1x',
      'sid -1',
      't%zz body',
      `sid ${'9'.repeat(30)}`,
    ])
      expect(readPayload(forged)).toBeUndefined();
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readPayload(text)));
  });
});
