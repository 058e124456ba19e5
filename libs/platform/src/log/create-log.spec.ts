import fc from 'fast-check';
import { errorDetails } from '@lovage/foundation';
import { expectLinear } from '@lovage/testing';
import { createLog, type LogOptions } from './create-log.ts';
import { maskPasswords } from './redact.ts';

function setUp(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ app: 'test', write: (line) => void lines.push(line), ...options });
  return { log, lines };
}

describe('the log of the apps', () => {
  test('in production one JSON object a line', () => {
    const { log, lines } = setUp({ mode: 'production' });
    log
      .child({ task: 'a' })
      .warn({ queue: 'default', err: new Error('outer', { cause: new Error('inner') }) }, 'went wrong');
    expect(lines.length).toBe(1);
    expect(lines[0]!.endsWith('\n')).toBe(true);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 40,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      app: 'test',
      pid: process.pid,
      task: 'a',
      queue: 'default',
      err: { type: 'Error', message: 'outer: inner', stack: expect.stringContaining('create-log.spec') },
      msg: 'went wrong',
    });
  });

  test('in development one readable line, with the frames of what is worse than a warning below', () => {
    const { log, lines } = setUp({ mode: 'development' });
    log.info({ queue: 'default', n: 3, text: 'two words', list: [1, 'a'] }, 'hello there');
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} INFO {2}test hello there queue=default n=3 text="two words" list=\[1,"a"\]\n$/,
    );
    log.warn({ err: new TypeError('bad') }, 'm');
    expect(lines[1]).toMatch(/^\S+ WARN {2}test m TypeError: bad\n$/);
    log.error({ err: new TypeError('bad') }, 'm');
    expect(lines[2]).toMatch(/^\S+ ERROR test m TypeError: bad\n {4}at .*create-log\.spec/);
  });

  test('tells what led to an error, also of one that was read before, and of one that cannot be read', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const details = errorDetails(new TypeError('fetch failed', { cause: refused }));
    const { log, lines } = setUp({ mode: 'development' });
    log.warn({ err: details }, 'm');
    expect(lines[0]).toMatch(/ m TypeError: fetch failed ← Error \[ECONNREFUSED\]: refused\n$/);
    const json = setUp({ mode: 'production' });
    json.log.warn({ err: details }, 'm');
    expect(JSON.parse(json.lines[0]!)).toMatchObject({ err: details });
    const trap = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('a trap');
      },
    });
    json.log.error({ err: trap }, 'm');
    expect(JSON.parse(json.lines[1]!)).toMatchObject({ err: { type: 'Error', message: '(cannot be read)' } });
  });

  test('tells of an error of Postgres where, not which data', () => {
    const { log, lines } = setUp({ mode: 'production' });
    const err = Object.assign(new Error('null value in column "name"'), {
      ...{ code: '23502', severity: 'ERROR', table: 'tasks', constraint: 'c' },
      ...{ detail: 'Failing row contains (hunter2)', where: "unnamed portal parameter $1 = 'hunter2'" },
    });
    log.error({ err }, 'm');
    expect(lines[0]).not.toContain('hunter2');
    expect(JSON.parse(lines[0]!)).toMatchObject({ err: { code: '23502', table: 'tasks', constraint: 'c' } });
  });

  test('colours only where they are asked for', () => {
    const coloured = setUp({ format: 'readable', colours: true });
    coloured.log.error({}, 'm');
    expect(coloured.lines[0]).toContain('\u001b[31mERROR\u001b[0m');
    const plain = setUp({ format: 'readable', colours: false });
    plain.log.error({}, 'm');
    expect(plain.lines[0]).not.toContain('\u001b');
  });

  test('says nothing below its level', () => {
    const { log, lines } = setUp({ level: 'warn' });
    log.debug({}, 'a');
    log.info({}, 'b');
    expect(lines).toEqual([]);
    const silent = setUp({ level: 'silent' });
    silent.log.error({}, 'c');
    expect(silent.lines).toEqual([]);
  });

  test.each(['json', 'readable'] as const)('keeps secrets to itself (%s)', (format) => {
    const { log, lines } = setUp({ format });
    const secret = 'hunter2-s3cret';
    log.info(
      { password: secret, user: { password: secret, apiKey: secret }, req: { headers: { authorization: secret } } },
      'm',
    );
    log.info({ url: `amqp://guest:${secret}@host:5672/v`, deep: { a: { b: `x postgres://u:${secret}@h/d y` } } }, 'm');
    log.error({ err: new Error(`cannot reach redis://:${secret}@h`) }, `at https://me:${secret}@h/`);
    expect(lines.length).toBe(3);
    expect(lines.join('')).not.toContain(secret);
    expect(lines[1]).toContain('amqp://guest:***@host:5672/v');
  });

  test.each([
    ['a scheme that goes on and on', (n: number) => `/${'a'.repeat(n)}://`],
    ['a user that does', (n: number) => `a://${'u'.repeat(n)}`],
    ['a password that does', (n: number) => `a://u:${'p'.repeat(n)}`],
    ['many invalid ones', (n: number) => 'a://'.repeat(n / 4)],
    ['many users', (n: number) => 'a://u:'.repeat(n / 6)],
    ['many passwords', (n: number) => 'a://u:p@'.repeat(n / 8)],
    ['colons', (n: number) => `a://${':'.repeat(n)}`],
  ])('the time masking takes grows as the line does: %s', (_what, line) => {
    expectLinear(line, maskPasswords);
  });

  test('masking leaves JSON readable, and every text without a password as it is', () => {
    const word = fc.stringMatching(/^[a-z0-9%$!]{1,12}$/);
    fc.assert(
      fc.property(fc.jsonValue(), word, word, (value, user, password) => {
        const line = JSON.stringify({ value, url: `amqp://${user}:${password}@host/` });
        const masked = JSON.parse(maskPasswords(line)) as { url: string };
        expect(masked.url).toBe(`amqp://${user}:***@host/`);
      }),
    );
    for (const text of ['http://host:8000/a@b', 'a:b@c', 'https://host/path:x@y', 'me@example.org'])
      expect(maskPasswords(text)).toBe(text);
  });
});
