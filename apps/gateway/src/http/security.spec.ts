import { TestGateway } from '../testing/test-gateway.ts';

const origin = 'https://app.example.org';
const preflight = {
  method: 'OPTIONS',
  as: null,
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  },
} as const;

describe('without CORS_ORIGINS', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test.each(['/api/tasks', '/api/tasks/counts', '/api/nope', '/health/live', '/openapi.json'])(
    '%s has the headers',
    async (url) => {
      const { headers } = await gateway.ask(url, { headers: { origin } });
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'strict-transport-security': expect.stringContaining('max-age='),
      });
      expect(headers).not.toHaveProperty(['access-control-allow-origin']);
      expect(headers).not.toHaveProperty(['x-powered-by']);
    },
  );

  test('the docs keep a policy of their own, under which they work', async () => {
    const { headers, status } = await gateway.ask('/docs', { as: null });
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain("script-src 'self'");
  });

  test('a preflight is no route', async () => {
    expect((await gateway.ask('/api/tasks', preflight)).status).toBe(405);
  });
});

describe('with CORS_ORIGINS', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start({ options: { corsOrigins: [origin, 'http://localhost:3000'] } });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test('a preflight of a page that is named is answered, without a token', async () => {
    const answer = await gateway.ask('/api/tasks/math.add', preflight);
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '600',
    });
    expect(answer.headers).not.toHaveProperty(['access-control-allow-credentials']);
  });

  test('refusals can be read too', async () => {
    const answer = await gateway.ask('/api/tasks', { as: null, headers: { origin } });
    expect(answer.status).toBe(401);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(answer.headers['access-control-expose-headers']).toContain('retry-after');
  });

  test('a page that is not named gets no leave', async () => {
    const answer = await gateway.ask('/api/tasks', { headers: { origin: 'https://evil.example.org' } });
    expect(answer.headers).not.toHaveProperty(['access-control-allow-origin']);
    expect(answer.headers['vary']).toContain('Origin');
  });

  test('an unknown path is still 404, a wrong method still 405', async () => {
    expect((await gateway.ask('/api/nope', { headers: { origin } })).problem().code).toBe('route_unknown');
    const answer = await gateway.ask('/api/tasks/math.add', { method: 'DELETE' });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
  });
});

test('with * anybody’s page may', async () => {
  await using gateway = await TestGateway.start({ options: { corsOrigins: '*' } });
  const answer = await gateway.ask('/health/live', { as: null, headers: { origin } });
  expect(answer.headers['access-control-allow-origin']).toBe('*');
});
