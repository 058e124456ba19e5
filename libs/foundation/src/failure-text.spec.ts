import { failureText, stackFrames } from './failure-text.ts';

test.each([
  ['user 42 not found', 'user 17 not found', 'user <n> not found'],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 10.1.22.3:6432', 'connect ECONNREFUSED <n>'],
  [
    'no row 018f3c1e-7a2b-7c3d-8e4f-0123456789ab here',
    'no row 018f3c1e-7a2b-7c3d-8e4f-0123456789ff here',
    'no row <id> here',
  ],
  [`can't read "a b" or 'x'`, `can't read "" or 'y z'`, `can't read <text> or <text>`],
  [
    "ENOENT: no such file, open '/tmp/a1/b.txt'",
    "ENOENT: no such file, open '/var/c.txt'",
    'ENOENT: no such file, open <text>',
  ],
  ['cannot open /srv/data/7/x.csv now', 'cannot open C:\\data\\y.csv now', 'cannot open <path> now'],
  ['in src/app/mail.ts of it', 'in lib/other/place.ts of it', 'in <path> of it'],
  ['GET https://a.example/v1/x?y=1 said 500', 'GET http://b.example/ said 503', 'GET <url> said <n>'],
  ['no mailbox jo.doe+1@mail.example.org', 'no mailbox x@y.io', 'no mailbox <email>'],
  ['token sk_live_51H8xk2eZvKYlo2C is revoked', 'token sk_live_9aB8xk2eZvKYlo99 is revoked', 'token <id> is revoked'],
  ['commit deadbee0f1 failed', 'commit 0badc0ffee failed', 'commit <id> failed'],
  ['took 1.5 s\n  and/or more', 'took 12 s and/or more', 'took <n> s and/or more'],
])('%s and %s are one failure', (one, other, text) => {
  expect(failureText(one)).toBe(text);
  expect(failureText(other)).toBe(text);
});

test('what tells failures apart stays', () => {
  for (const text of ['a and/or b', "can't and won't", 'queue is full', 'invalid utf<n> text', 'x-y_z: no'])
    expect(failureText(text.replace('<n>', '8'))).toBe(text);
  expect(failureText('')).toBe('');
});

test('frames of the program, without paths and lines', () => {
  const stack = `TypeError: at 5 o'clock
    at send (file:///srv/app-1/dist/mail.js:10:5)
    at async Mailer.run (/srv/app/node_modules/mailer/index.js:1:2)
    at /srv/app/dist/loop.js:7:1
    at async Promise.all (index 3)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)`;
  const moved = stack.replaceAll('/srv', '/home/x').replaceAll(':10:5', ':12:9').replace('index 3', 'index 9');
  expect(stackFrames(stack)).toEqual(['send (mail.js)', 'loop.js']);
  expect(stackFrames(moved)).toEqual(stackFrames(stack));
  expect(stackFrames('Error: x\n    at a (/n/node_modules/p/q.js:1:1)')).toEqual(['a (q.js)']);
  const python = `Traceback (most recent call last):
  File "/srv/celery/app/trace.py", line 451, in trace_task
    R = retval = fun(*args)
  File "/srv/app/tasks.py", line 3, in send
    raise ValueError(7)`;
  expect(stackFrames(python)).toEqual(['send (tasks.py)', 'trace_task (trace.py)']);
  expect(stackFrames('nothing')).toEqual([]);
});

test('hostile texts take linear time', () => {
  const began = performance.now();
  for (const part of [
    'a/',
    '/a',
    '"',
    "'a",
    'a@',
    'a.',
    '::',
    'x://',
    '1a',
    '-',
    '<n>.',
    '    at (',
    'a:1',
    '\\',
    ' File "',
  ])
    for (const text of [part.repeat(20_000), `    at ${part.repeat(20_000)}`]) {
      expect(failureText(text).length).toBeLessThanOrEqual(500);
      stackFrames(text);
      stackFrames(`\n${text}`.replaceAll(part, `${part}\n    at `));
    }
  expect(performance.now() - began).toBeLessThan(5_000);
});
