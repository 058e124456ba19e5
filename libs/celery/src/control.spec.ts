import { decodeControl, encodeControlReply } from './control.ts';
import { matchesGlob, matchesRegExp } from './node-pattern.ts';

const NODE = 'w1@host';
const NOW = 1_000_000_000;
const REPLY = { exchange: 'reply.celery.pidbox', routing_key: 'oid' };
const PING = { method: 'ping', arguments: {}, destination: null, pattern: null, matcher: null };

const read = (body: unknown, headers = {}, contentType = 'application/json') =>
  decodeControl(
    { body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), headers, contentType },
    NODE,
    NOW,
  );

test('a request for all, with its way back and the clock of its sender', () => {
  expect(read({ ...PING, arguments: { safe: true }, ticket: 't', reply_to: REPLY }, { clock: 7, expires: 0 })).toEqual({
    clock: 7,
    request: { method: 'ping', args: { safe: true }, replyTo: { routingKey: 'oid', ticket: 't' } },
  });
  expect(read(PING).request).toEqual({ method: 'ping', args: {}, replyTo: undefined });
});

test.each([
  [{ destination: [NODE, 'w2@host'] }, true],
  [{ destination: ['w2@host'] }, false],
  [{ destination: [] }, false],
  [{ destination: ['w2@host'], pattern: '*', matcher: 'glob' }, false],
  [{ pattern: 'w1@*', matcher: 'glob' }, true],
  [{ pattern: 'W1@*', matcher: 'glob' }, false],
  [{ pattern: 'w[0-3]@h?st', matcher: 'glob' }, true],
  [{ pattern: 'w[!1]@*', matcher: 'glob' }, false],
  [{ pattern: '^w\\d@', matcher: 'pcre' }, true],
  [{ pattern: 'host', matcher: 'pcre' }, false],
  [{ pattern: '(', matcher: 'pcre' }, false],
  [{ pattern: 'zz', matcher: 'other' }, false],
  [{ pattern: 'zz' }, true],
])('whom %j is for', (fields, ours) => {
  expect(read({ ...PING, ...fields }).request !== undefined).toBe(ours);
});

test('what is late, foreign, too large or no request is none, and does no harm', () => {
  expect(read(PING, { expires: NOW / 1000 - 1 }).request).toBeUndefined();
  expect(read(PING, { expires: NOW / 1000 + 1 }).request).toBeDefined();
  expect(read(PING, {}, 'application/x-python-serialize').request).toBeUndefined();
  for (const body of ['', '{', 'null', '[]', '7', { ...PING, method: 7 }, { ...PING, method: '' }, '['.repeat(50_000)])
    expect(read(body).request).toBeUndefined();
  expect(read({ ...PING, arguments: { a: 'x'.repeat(70_000) } }).request).toBeUndefined();
  for (const clock of ['9', -1, 1.5, 2 ** 60, null]) expect(read(PING, { clock }).clock).toBeUndefined();
  const { request } = read('{"method":"ping","arguments":{"__proto__":{"safe":true},"n":1}}');
  expect(request?.args).toEqual({ n: 1 });
  expect((request?.args as { safe?: unknown }).safe).toBeUndefined();
});

test('an answer goes through the exchange of the replies or nowhere', () => {
  for (const reply_to of [
    { exchange: '', routing_key: 'celery' },
    { exchange: 'amq.topic', routing_key: 'x' },
    'x',
    null,
  ])
    expect(read({ ...PING, ticket: 't', reply_to }).request?.replyTo).toBeUndefined();
  const { body, headers } = encodeControlReply(NODE, '{"ok":"pong"}', 't', 3);
  expect([String(body), headers]).toEqual(['{"w1@host":{"ok":"pong"}}', { ticket: 't', clock: 3 }]);
});

describe('a pattern that is made to take long ends soon', () => {
  const text = `${'a'.repeat(200)}@host`;
  const took = (work: () => boolean): [boolean, boolean] => {
    const start = performance.now();
    const answer = work();
    return [answer, performance.now() - start < 1000];
  };

  test('a glob', () => {
    expect(took(() => matchesGlob(`${'*a'.repeat(120)}z`, text))).toEqual([false, true]);
  });

  test('a regular expression; after it none is tried for a while', () => {
    let now = performance.now();
    for (const pattern of ['(a+)+$', '(?:a|a)*z', '((a{1000}){1000}){1000}', '(a*)*b']) {
      expect(took(() => matchesRegExp(pattern, text, now))).toEqual([false, true]);
      now += 20_000;
    }
    expect(matchesRegExp('(a+)+$', text, now)).toBe(false);
    expect(matchesRegExp('a', text, now + 9000)).toBe(false);
    expect(matchesRegExp('a', text, now + 11_000)).toBe(true);
  });
});
