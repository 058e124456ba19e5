import { gzipSync } from 'node:zlib';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const url = '/api/tasks/math.divide';
const text = (json: string): Ask => ({ body: json });
const deep = (depth: number, [open, close]: readonly [string, string] = ['[', ']']): string =>
  `{"input":${open.repeat(depth - 1)}1${close.repeat(depth - 1)}}`;
const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

test.each<[string, Ask, number, string, string[]]>([
  ['malformed JSON', text('{"input":'), 400, 'json_malformed', []],
  ['text after JSON', text('{} {}'), 400, 'json_malformed', []],
  ['a comment', text('/* */ {}'), 400, 'json_malformed', []],
  ['NaN', text('{"input":{"x":NaN,"y":1}}'), 400, 'json_malformed', []],
  ['a control character', text('{"input":"\u0001"}'), 400, 'json_malformed', []],
  ['NUL in the text', text('{"input":"\0"}'), 400, 'json_malformed', []],
  ['an empty body', text(''), 400, 'json_malformed', []],
  ['what is no UTF-8', { body: bytes('{"input":{"x":"', [0xff, 0xfe], '"}}') }, 400, 'json_malformed', []],
  ['UTF-16', { body: Buffer.from('{"input":{}}', 'utf16le') }, 400, 'json_malformed', []],
  ['a byte-order mark and nothing else', { body: bytes([0xef, 0xbb, 0xbf]) }, 400, 'json_malformed', []],
  ['two byte-order marks', { body: '\uFEFF\uFEFF{}' }, 400, 'json_malformed', []],
  [
    'gzip that is said to be gzip',
    { body: gzipSync('{"input":{"x":1,"y":2}}'), headers: { 'content-encoding': 'gzip' } },
    415,
    'media_type_unsupported',
    [],
  ],
  ['gzip', { body: bytes([0x1f, 0x8b, 0x08, 0x00]) }, 400, 'json_malformed', []],
  ['5 MB', text(JSON.stringify({ input: 'x'.repeat(5_000_000) })), 413, 'body_too_large', []],
  ['depth 200', text(deep(200)), 400, 'json_too_deep', []],
  ['depth 65', text(deep(65)), 400, 'json_too_deep', []],
  ['depth 200 in objects', text(deep(200, ['{"a":', '}'])), 400, 'json_too_deep', []],
  ['a million brackets', text('['.repeat(1_000_000)), 400, 'json_too_deep', []],
  ['an array', text('[]'), 422, 'body_invalid', ['body']],
  ['null', text('null'), 422, 'body_invalid', ['body']],
  ['a string', text('"input"'), 422, 'body_invalid', ['body']],
  ['no body', { method: 'POST' }, 422, 'body_invalid', ['body']],
  ['an unknown field', text('{"input":{"x":1,"y":2},"inptu":1}'), 422, 'body_invalid', ['inptu']],
  ['an unknown field of the input', text('{"input":{"x":1,"y":2,"z":3}}'), 422, 'input_invalid', ['input.z']],
  ['an unknown option', text('{"input":{"x":1,"y":2},"options":{"dely":1}}'), 422, 'options_invalid', ['options.dely']],
  ['a wrong type', text('{"input":{"x":"1","y":2}}'), 422, 'input_invalid', ['input.x']],
  ['wrong types throughout', text('{"input":{"x":null,"y":[]}}'), 422, 'input_invalid', ['input.x', 'input.y']],
  ['an input that is no object', text('{"input":5}'), 422, 'input_invalid', ['input']],
  ['an input of null', text('{"input":null}'), 422, 'input_invalid', ['input']],
  ['a number past all bounds', text('{"input":{"x":1e400,"y":1}}'), 422, 'body_invalid', ['input.x']],
  ['a number too small for any', text('{"input":{"x":[1,1e-400],"y":1}}'), 422, 'body_invalid', ['input.x.1']],
  ['a snowflake', text('{"input":{"x":9007199254740993,"y":1}}'), 422, 'input_invalid', ['input.x']],
  ['an escaped NUL', text('{"input":{"x":"a\\u0000b"}}'), 422, 'body_invalid', ['input.x']],
  ['an escaped NUL in a list', text('{"input":{"x":[1,"\\u0000"]}}'), 422, 'body_invalid', ['input.x.1']],
  ['an escaped NUL in a key', text('{"input":{"a\\u0000":1}}'), 422, 'body_invalid', ['input.a\uFFFD']],
  ['half a surrogate pair', text('{"input":{"x":"\\ud83d"}}'), 422, 'body_invalid', ['input.x']],
  ['the other half', text('{"input":{"x":"\\uDE00"}}'), 422, 'body_invalid', ['input.x']],
  ['__proto__', text('{"input":{"__proto__":{"x":1}}}'), 400, 'json_key_forbidden', ['input.__proto__']],
  ['__proto__ at the top', text('{"__proto__":{"input":{}}}'), 400, 'json_key_forbidden', ['__proto__']],
  [
    '__proto__ in escapes',
    text('{"input":{"\\u005f\\u005fproto__":1}}'),
    400,
    'json_key_forbidden',
    ['input.__proto__'],
  ],
  [
    'constructor.prototype',
    text('{"input":{"constructor":{"prototype":{"x":1}}}}'),
    400,
    'json_key_forbidden',
    ['input.constructor'],
  ],
  [
    'a form',
    { body: 'x=1&y=2', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
    'media_type_unsupported',
    [],
  ],
  ['plain text', { body: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'media_type_unsupported', []],
  [
    'multipart',
    { body: '--x--', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
    415,
    'media_type_unsupported',
    [],
  ],
  ['an invalid media type', { body: '{}', headers: { 'content-type': 'json' } }, 415, 'media_type_unsupported', []],
])('%s', async (_, ask, status, code, paths) => {
  const answer = await gateway.ask(url, { method: 'POST', ...ask });
  const problem = answer.problem();
  expect({ status: answer.status, code: problem.code }).toEqual({ status, code });
  expect(problem.status).toBe(status);
  expect(problem.errors.map((error) => error.path)).toEqual(paths);
});

test('nothing of all that was stored or sent', async () => {
  expect(await gateway.db.query('select id from tasks')).toEqual([]);
  expect(gateway.broker.sent).toEqual([]);
});

test('a byte-order mark before the body is passed over, an identity encoding is none', async () => {
  const body = '\uFEFF{"input":{"word":"caf\u00e9"}}';
  const answer = await gateway.ask('/api/tasks/text.process_word', {
    body,
    headers: { 'content-encoding': 'identity' },
  });
  expect(answer.status).toBe(202);
  expect(answer.json().input).toEqual({ word: 'caf\u00e9' });
});

test('an encoded body is told what is taken instead', async () => {
  const headers = { 'content-encoding': 'br' };
  expect((await gateway.ask(url, { body: '{}', headers })).headers['accept-encoding']).toBe('identity');
});

test('what only looks bad is taken', async () => {
  for (const input of ['\\u00e9', '\\ud83d\\ude00', 'the __proto__ of a constructor', '\\\\u0000']) {
    const body = `{"input":{"word":"${input}"}}`;
    expect((await gateway.ask('/api/tasks/text.process_word', { body })).status).toBe(202);
  }
  const body = '{"input":{"seconds":0,"value":{"constructor":"Porsche","prototype":1}}}';
  expect((await gateway.ask('/api/tasks/demo.wait_and_return', { body })).status).toBe(202);
  const nested = `{"input":{"seconds":0,"value":${'['.repeat(62)}${']'.repeat(62)}}}`;
  expect((await gateway.ask('/api/tasks/demo.wait_and_return', { body: nested })).status).toBe(202);
});

test('an answer lists a hundred mistakes, not all', async () => {
  const answer = await gateway.ask('/api/tasks/revoke', { body: { ids: Array(1000).fill(0) } });
  expect(answer.problem().errors).toHaveLength(100);
  expect(answer.problem().detail).toMatch(/; and 90 more$/);
});

test('unknown fields of one object are one mistake', async () => {
  const input = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n]));
  const answer = await gateway.ask(url, { body: { input: { x: 1, y: 2, ...input } } });
  expect(answer.problem().errors).toEqual([
    { path: 'input', message: expect.stringMatching(/^unknown fields: "k0", .* and 990 more$/) },
  ]);
});

test.each<[string, Ask & { url: string }, number, string]>([
  ['an unknown path', { url: '/nope' }, 404, 'route_unknown'],
  ['an unknown path below /api', { url: '/api/nope' }, 404, 'route_unknown'],
  ['an invalid path', { url: '/%zz' }, 400, 'url_malformed'],
  ['a path that is no UTF-8', { url: '/api/tasks/%ff' }, 400, 'url_malformed'],
  ['a name that is too long', { url: `/api/tasks/${'a'.repeat(300)}` }, 414, 'url_too_long'],
  ['a method that the path does not take', { url: '/api/tasks', method: 'PUT' }, 405, 'method_not_allowed'],
  ['a file that is not there', { url: '/docs/nope.js' }, 404, 'route_unknown'],
  ['a file outside', { url: '/docs/..%2f..%2f..%2fpackage.json' }, 404, 'route_unknown'],
])('%s is a problem too', async (_, { url: path, ...ask }, status, code) => {
  const answer = await gateway.ask(path, ask);
  expect(answer.status).toBe(status);
  expect(answer.problem().code).toBe(code);
});

test('405 tells what the path takes', async () => {
  const answer = await gateway.ask('/api/tasks/math.add', { method: 'DELETE' });
  expect(answer.headers['allow']).toBe('GET, HEAD, POST');
});

test('an error that nobody foresaw is 500, told to the log and not to the caller', async () => {
  await using broken = await TestGateway.start({
    platform: {
      tasks: {
        get: () => Promise.reject(new TypeError('secret detail')),
      },
    },
  });
  const answer = await broken.ask('/api/tasks/01890a5d-ac96-774b-bcce-b302099a8057');
  expect(answer.status).toBe(500);
  expect(answer.problem().code).toBe('internal_error');
  expect(answer.text).not.toContain('secret detail');
  const line = broken.log.entries.find((entry) => entry.level === 'error');
  expect(line?.fields).toMatchObject({ err: { message: 'secret detail' }, requestId: answer.headers['x-request-id'] });
});
