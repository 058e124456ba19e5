import fc from 'fast-check';
import { PROBLEM_CODES } from '@lovage/http-api';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';

/** Requests to each route. More for a long search: FUZZ_RUNS=2000. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 25);
/** Slower answers than any machine gives: it hangs. */
const HANGS_MS = 20_000;
/** What a gateway that has much to do may answer, and never `internal_error`. */
const MAY_BE_BUSY: ReadonlySet<string> = new Set(['busy', 'store_busy']);
/** This gateway's broker has no remote control: of a name that a worker could have, these routes say so. */
const mayLackControl = (path: string, code: string): boolean =>
  path.startsWith('/api/workers/{name}') && code === 'broker_unavailable';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly examples?: readonly unknown[];
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
type Method = NonNullable<Ask['method']>;

let gateway: TestGateway;
let api: OpenApi;
/** Of a task that has ended: its stream of events ends, too. */
let taskId: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  api = (await gateway.ask('/openapi.json')).json<OpenApi>();
  taskId = (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id;
  await gateway.finish(taskId, 'SUCCESS', 3);
});
afterAll(() => gateway[Symbol.asyncDispose]());

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: [deep(levels - 1)] });
/** Values that nobody means to send, of every kind and size. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    '\0',
    '\ud800',
    '__proto__',
    'constructor',
    -0,
    -1,
    0.5,
    1e308,
    2 ** 53,
    '1e400',
    '-1',
    '9'.repeat(400),
    'x'.repeat(20_000),
    '.'.repeat(20_000),
    '@a'.repeat(10_000),
    '1970-01-01T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '10s',
    '1000000000000000d',
    '10/s',
    '..%2f',
    '%',
    Array(20_000).fill(0),
    Array(500).fill({ x: Array(20).fill('') }),
    Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, n])),
    deep(20),
    deep(60),
  ),
);

/** Values of the schema, or nearly so. */
function near(given: Schema, depth = 0): fc.Arbitrary<unknown> {
  const schema = resolved(given);
  if (depth > 6) return odd;
  return fc.oneof({ weight: 6, arbitrary: fitting(schema, depth) }, { weight: 1, arbitrary: odd });
}

function fitting(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const below = (inner: Schema): fc.Arbitrary<unknown> => near(inner, depth + 1);
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return fc.oneof(...options.map(below));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.oneof(fc.integer({ min: 0, max: 10 }), fc.maxSafeInteger());
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(below(schema.items ?? {}), { maxLength: 3 });
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, below(inner)]);
      return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
        requiredKeys: [...(schema.required ?? [])],
      });
    }
    default:
      return odd;
  }
}

function textOf({ format, examples = [] }: Schema): fc.Arbitrary<unknown> {
  const kinds: fc.Arbitrary<unknown>[] = [fc.string(), fc.constantFrom('default', 'math.add', '1h', '5', taskId)];
  if (format === 'date-time') kinds.push(fc.date({ noInvalidDate: true }).map((date) => date.toISOString()));
  if (format === 'uuid') kinds.push(fc.uuid());
  if (format === 'email') kinds.push(fc.emailAddress());
  if (examples.length > 0) kinds.push(fc.constantFrom(...examples));
  return fc.oneof(...kinds);
}

function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  return resolved(api.components.schemas[schema.$ref.replace('#/components/schemas/', '')]!);
}

/** A stream that never ends is no answer to wait for: what it is asked for is read, and one parameter too many refused. */
const ended = (path: string, url: string): string =>
  path === '/api/live' ? `${url}${url.includes('?') ? '&' : '?'}no-such=1` : url;

const encoded = (value: unknown): string =>
  encodeURIComponent(
    (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).replace(/\p{Surrogate}/gu, '').slice(0, 12_000),
  );

function urlOf(path: string, operation: Operation): fc.Arbitrary<string> {
  const queries = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  const pair = fc.oneof(
    ...queries.map(({ name, schema }) => near(schema ?? {}).map((value) => `${encoded(name)}=${encoded(value)}`)),
    fc.tuple(odd, odd).map(([name, value]) => `${encoded(name)}=${encoded(value)}`),
    fc.constantFrom('state=&', 'limit=1&limit=2', '__proto__=1', '=', '&&', '%zz=%', 'a[b][c]=1'),
  );
  const query = fc.array(pair, { maxLength: 4 }).map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));
  const inPath = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(taskId, 'math.add', 'default', 'me', '..', '%00') },
    { weight: 1, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: odd.map(encoded) },
  );
  const parts = path.split(/(\{[^{}]+\})/);
  return fc
    .tuple(fc.array(inPath, { minLength: parts.length, maxLength: parts.length }), query)
    .map(([names, end]) => parts.map((part, n) => (part.startsWith('{') ? names[n] : part)).join('') + end);
}

const headerText = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) }),
  fc.constantFrom('"', '*', 'W/"', ','.repeat(5_000), ' '.repeat(5_000), '-', '0', 'x'.repeat(5_000)),
);
const headers = fc.record(
  {
    'idempotency-key': headerText,
    prefer: fc.oneof(headerText, fc.constantFrom('wait=0', 'wait=-1', 'wait="x', 'respond-async')),
    'if-none-match': headerText,
    'if-range': headerText,
    range: fc.oneof(headerText, fc.constantFrom('bytes=0-', 'bytes=-0', 'bytes=9-1', `bytes=0-${'9'.repeat(300)}`)),
    'last-event-id': fc.oneof(headerText, fc.constantFrom('0', '9'.repeat(300))),
    accept: headerText,
    'accept-encoding': headerText,
    'x-request-id': headerText,
    'x-forwarded-for': headerText,
    origin: headerText,
  },
  { requiredKeys: [] },
);

const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  { weight: 1, arbitrary: fc.constantFrom('application/json; charset=utf-16', 'text/plain', 'multipart/form-data') },
  { weight: 1, arbitrary: headerText },
);

/** A form with one file, whose name or content may be anything. */
const form = fc.tuple(odd, odd).map(([name, content]) => ({
  type: 'multipart/form-data; boundary=b',
  body: `--b\r\nContent-Disposition: form-data; name="file"; filename="${String(name)}"\r\n\r\n${String(content)}\r\n--b--\r\n`,
}));

interface Sent {
  readonly type?: string;
  readonly body?: string | Buffer;
}

function bodyOf(operation: Operation): fc.Arbitrary<Sent> {
  const content = operation.requestBody?.content;
  if (!content) return fc.constant({});
  const json = near(content['application/json']?.schema ?? {}).map((value) => JSON.stringify(value) ?? '');
  const raw = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  const text = fc.tuple(contentType, fc.oneof({ weight: 8, arbitrary: json }, { weight: 1, arbitrary: raw }));
  const sent = text.map(([type, body]): Sent => ({ type, body }));
  return content['multipart/form-data'] ? fc.oneof(form, sent) : sent;
}

async function answerOf(url: string, ask: Ask): Promise<Awaited<ReturnType<TestGateway['ask']>>> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${HANGS_MS} ms`)), HANGS_MS);
  });
  return Promise.race([gateway.ask(url, ask), hangs]).finally(() => clearTimeout(timer));
}

test('no route answers 500 or hangs, whatever it is sent', async () => {
  const seen = new Map<number, number>();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [verb, operation] of Object.entries(operations)) {
      const request = fc.tuple(urlOf(path, operation), bodyOf(operation), headers);
      const property = fc.asyncProperty(request, async ([url, { type, body }, extra]) => {
        const method = verb.toUpperCase() as Method;
        const typed: Record<string, string> = type === undefined ? {} : { 'content-type': type };
        const answer = await answerOf(ended(path, url), { method, body, headers: { ...extra, ...typed }, as: 'admin' });
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        if (answer.status < 400) return;
        if (path.startsWith('/health')) return;
        const { code, errors } = answer.problem();
        expect(PROBLEM_CODES[code].status).toBe(answer.status);
        if (answer.status >= 500 && !mayLackControl(path, code)) expect(MAY_BE_BUSY).toContain(code);
        expect(errors.length).toBeLessThanOrEqual(100);
        expect(answer.text.length).toBeLessThan(200_000);
      });
      try {
        await fc.assert(property, { numRuns: RUNS });
      } catch (error) {
        throw new Error(`${verb} ${path}: ${(error as Error).message.slice(0, 5_000)}`, { cause: error });
      }
    }
  }
  // It gets past the first checks, too.
  expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 202, 400, 404, 422]));
}, 900_000);
