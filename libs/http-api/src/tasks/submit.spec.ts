import { SubmitBody, SubmitOptionsBody } from './submit.ts';

test('durations stay as they are, times become dates', () => {
  const options = {
    queue: 'a.b-c_1',
    delay: '1.5s',
    expires: 60,
    timeLimit: '2m',
    softTimeLimit: 90.5,
  };
  expect(SubmitOptionsBody.parse(options)).toEqual(options);
  expect(SubmitOptionsBody.parse({ eta: '2026-05-05T12:00:00.5+02:00', expires: '2026-05-05T12:00:00Z' })).toEqual({
    eta: new Date('2026-05-05T10:00:00.500Z'),
    expires: new Date('2026-05-05T12:00:00Z'),
  });
});

test.each([0, '0s', '500ms', '3650d'])('a delay may be %j', (delay) => {
  expect(SubmitOptionsBody.safeParse({ delay }).success).toBe(true);
});

test.each([-1, NaN, Infinity, '', '10', '-1s', '1 s', '1y', 's', '1e3s', '3651d', 1e12, null, true, {}])(
  'a delay may not be %j',
  (delay) => {
    expect(SubmitOptionsBody.safeParse({ delay }).success).toBe(false);
  },
);

test.each([
  0,
  '0ms',
  '2026-05-05',
  '2026-05-05T12:00:00',
  '2026-13-05T12:00:00Z',
  '2026-05-05T24:00:00Z',
  'later',
  null,
])('an expiry may not be %j', (expires) => {
  expect(SubmitOptionsBody.safeParse({ expires }).success).toBe(false);
});

test('a body has no other fields', () => {
  expect(SubmitBody.parse({})).toEqual({});
  expect(SubmitBody.parse({ input: { any: ['thing'] } })).toEqual({ input: { any: ['thing'] } });
  expect(SubmitBody.safeParse({ inputs: {} }).success).toBe(false);
});
