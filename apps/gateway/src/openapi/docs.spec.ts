import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const page = (url: string) => gateway.ask(url, { as: null });

test.each(['/docs', '/docs/'])('GET %s is a page that loads its own files and nothing else', async (url) => {
  const answer = await page(url);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^text\/html/);
  const loaded = [...answer.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(loaded.length).toBeGreaterThanOrEqual(4);
  for (const path of loaded) {
    expect(path).not.toMatch(/^(?:[a-z]+:)?\/\//i);
    const file = await page(new URL(path, `http://localhost${url}`).pathname);
    expect({ path, status: file.status }).toEqual({ path, status: 200 });
    expect(file.text.length).toBeGreaterThan(100);
  }
});

test('scripts stand in files of their own, and the policy forbids all others', async () => {
  const { text, headers } = await page('/docs');
  expect(text.match(/<script(?![^>]*\ssrc=)[^>]*>/g)).toBeNull();
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("connect-src 'self'");
});

test('styles load nothing from elsewhere', async () => {
  const { text } = await page('/docs/swagger-ui.css');
  expect(text.match(/url\((?!["']?data:)[^)]*\)/g)).toBeNull();
  expect(text).not.toContain('@import');
});

test('the page has the document in it, and asks no validator', async () => {
  const { text } = await page('/docs/swagger-ui-init.js');
  expect(text).toContain('submit_math_divide');
  expect(text).toContain('"validatorUrl": null');
  expect(text).toContain('"persistAuthorization": true');
  expect(text).toContain('"scheme": "bearer"');
});
