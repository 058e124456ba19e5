import { describe, expect, it } from '@jest/globals';
import { silentLog } from '@lovage/testing';
import { compileOptions } from './options.ts';

describe('options', () => {
  it('takes AMQP URLs alone, and does not repeat others, which may hold a password', () => {
    for (const url of ['amqp://a:b@h:5672/v', 'amqps://h', 'amqp://localhost']) {
      expect(compileOptions({ url, log: silentLog }).url).toBe(url);
    }
    for (const url of ['postgres://u:secret@h/db', 'secret', '', 'http://u:secret@h']) {
      expect(() => compileOptions({ url, log: silentLog })).toThrow(/amqp:\/\//);
      expect(() => compileOptions({ url, log: silentLog })).not.toThrow(/secret/);
    }
  });

  it('makes quorum queues unless told otherwise', () => {
    expect(compileOptions({ url: 'amqp://h', log: silentLog })).toMatchObject({
      queueKind: 'quorum',
      connectTimeoutMs: 10_000,
      heartbeatSeconds: 10,
      maxBodyBytes: 16_777_216,
    });
  });
});
