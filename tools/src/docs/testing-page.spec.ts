import { runPage } from '../testing/page-program.ts';

test('the examples of docs/testing.md do what the page says', async () => {
  const { exitCode, said, checks } = await runPage('docs/testing.md', {});
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: `checks passed: ${checks}` });
  expect(checks).toBeGreaterThan(12);
}, 60_000);
