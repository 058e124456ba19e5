import fc from 'fast-check';
import { PROBLEM_CODES } from '@lovage/http-api';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const names = ['math.add', 'math.divide', 'math.sum_to_n', 'demo.wait_and_return', 'text.process_word', 'no.such'];
const json = fc.jsonValue({ maxDepth: 4 });
const wild = fc.oneof(json, fc.anything({ withNullPrototype: false }).map(printable));
/** A body near enough to a good one to get past the first check. */
const nearly = fc.record(
  {
    input: fc.oneof(
      fc.record({ x: fc.double({ noNaN: true, noDefaultInfinity: true }), y: fc.integer() }),
      fc.record({ word: fc.string({ unit: 'binary' }) }),
      fc.record({ seconds: fc.double({ min: 0, max: 5000, noNaN: true }), value: wild }),
      fc.record({ x: wild, y: wild, n: wild, word: wild, seconds: wild, value: wild }, { requiredKeys: [] }),
      wild,
    ),
    options: fc.oneof(
      fc.record(
        {
          queue: fc.oneof(fc.constant('default'), fc.string(), wild),
          delay: fc.oneof(fc.double(), fc.string(), fc.constantFrom('1h', '0s', '1e9s')),
          eta: fc.oneof(
            fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
            fc.string(),
          ),
          expires: fc.oneof(
            fc.double(),
            fc.constantFrom('1h', '2h'),
            fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
          ),
          timeLimit: fc.oneof(fc.double(), fc.constantFrom('1h', '1ms')),
          softTimeLimit: fc.oneof(fc.double(), fc.constantFrom('1h', '1ms')),
        },
        { requiredKeys: [] },
      ),
      wild,
    ),
  },
  { requiredKeys: [] },
);
const body: fc.Arbitrary<string | Buffer> = fc.oneof(
  { weight: 4, arbitrary: nearly.map(text) },
  { weight: 2, arbitrary: wild.map((value) => JSON.stringify(value) ?? '') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);
const headerText = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
const headers = fc.record(
  {
    'idempotency-key': headerText,
    prefer: fc.oneof(headerText, fc.constantFrom('wait=0', 'respond-async, wait=x')),
    'content-type': fc.oneof(fc.constant('application/json'), headerText),
    'x-request-id': headerText,
  },
  { requiredKeys: [] },
);
/** That leave a good submit good, mostly. */
const fewHeaders = fc.record(
  { 'idempotency-key': fc.oneof(fc.constantFrom('k1', 'k2', 'k3'), headerText), 'x-request-id': headerText },
  { requiredKeys: [] },
);
const method = fc.constantFrom<NonNullable<Ask['method']>>('POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE');
const typedUrl = fc.constantFrom(...names.map((name) => `/api/tasks/${name}`));
const url = fc.oneof(
  typedUrl,
  fc.constantFrom('/api/tasks', '/api/auth/login'),
  fc.webPath().map((path) => path || '/'),
  fc.string().map((part) => `/api/tasks/${encodeURIComponent(part.replace(/\p{Surrogate}/gu, ''))}`),
);

test('no request is answered 500, and whatever is refused is a problem document', async () => {
  const seen = await statusesOf(fc.tuple(url, method, body, headers));
  expect(seen).toEqual(expect.arrayContaining([400, 404, 405, 415, 422]));
}, 120_000);

test('so it is for submits that are nearly right, some of which are', async () => {
  const seen = await statusesOf(fc.tuple(typedUrl, fc.constant('POST'), nearly.map(text), fewHeaders));
  expect(seen).toEqual(expect.arrayContaining([202, 422]));
}, 120_000);

test('no token gets in, and none is answered 500', async () => {
  const token = fc.oneof(
    headerText,
    headerText.map((text) => `Bearer ${text}`),
    fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map((parts) => `Bearer ${parts.join('.')}`),
  );
  await fc.assert(
    fc.asyncProperty(token, async (authorization) => {
      const answer = await gateway.ask('/api/contracts', { as: null, headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.problem().code).toBe('unauthenticated');
    }),
    { numRuns: 200 },
  );
});

type Shot = readonly [url: string, method: string, body: string | Buffer, headers: Record<string, string>];

/** Fires, checks each answer, and gives the statuses that came. */
async function statusesOf(shots: fc.Arbitrary<Shot>): Promise<number[]> {
  const seen = new Set<number>();
  const property = fc.asyncProperty(shots, async ([path, verb, payload, extra]) => {
    const answer = await gateway.ask(path, { method: verb as Ask['method'], body: payload, headers: extra });
    seen.add(answer.status);
    expect(answer.status).toBeLessThan(500);
    if (answer.status < 400) return;
    const problem = answer.problem();
    expect(PROBLEM_CODES[problem.code].status).toBe(answer.status);
  });
  await fc.assert(property, { numRuns: 500 });
  return [...seen];
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

/** What JSON has no word for becomes a text. */
function printable(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
  } catch {
    return String(typeof value);
  }
}
