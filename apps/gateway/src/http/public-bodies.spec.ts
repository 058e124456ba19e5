import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

test.each(['/api/auth/login', '/api/auth/refresh', '/api/auth/logout'])('%s takes 4 KiB', async (url) => {
  const padded = (bytes: number): string => `{"x":"${'x'.repeat(bytes - 8)}"}`;
  const fits = await gateway.ask(url, { as: null, body: padded(4096) });
  expect(fits.problem()).toMatchObject({ status: 422, code: 'body_invalid' });
  const over = await gateway.ask(url, { as: null, body: padded(4097) });
  expect(over.problem()).toMatchObject({ status: 413, code: 'body_too_large' });
});

test('the longest login fits', async () => {
  const body = { email: `${'e'.repeat(308)}@example.org`, password: '\u{1f511}'.repeat(512) };
  const answer = await gateway.ask('/api/auth/login', { as: null, body });
  expect(answer.problem().code).toBe('credentials_wrong');
});

test('routes that need a login take BODY_LIMIT', async () => {
  const body = { input: { x: 1, y: 2, z: 'x'.repeat(100_000) } };
  expect((await gateway.ask('/api/tasks/math.divide', { body })).problem().code).toBe('input_invalid');
});

test('what is wrong a hundred thousand times is told in few words', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, 1]));
  const many = [
    await gateway.ask('/api/tasks/math.divide', { body: { input: { x: 1, y: 2, ...unknown } } }),
    await gateway.ask('/api/tasks/math.divide', { body: { ...unknown, input: { x: 1, y: 2 } } }),
    await gateway.ask('/api/tasks/retry', { body: { filter: { state: Array(400_000).fill(0) } } }),
    await gateway.ask('/api/tasks/revoke', { body: { ids: Array(400_000).fill(0) } }),
    await gateway.ask(`/api/tasks?${'state=x&'.repeat(5_000)}`),
    await gateway.ask('/api/tasks/batch', {
      body: {
        tasks: Array(1000)
          .fill({ ...unknown })
          .slice(0, 1),
      },
    }),
  ];
  for (const { text, status } of many) {
    expect([200, 202, 207, 422]).toContain(status);
    expect(text.length).toBeLessThan(5_000);
  }
});
