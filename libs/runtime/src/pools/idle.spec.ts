import { fileURLToPath } from 'node:url';
import { startTypeScript } from '@lovage/testing';

test('a worker that has run nothing in children has loaded nothing for them, and started none', async () => {
  await using process = await startTypeScript(fileURLToPath(new URL('../testing/loaded.ts', import.meta.url)));
  const none = { alive: 0, died: 0 };
  expect(JSON.parse(await process.line('{', { timeoutMs: 60_000 }))).toEqual({
    before: [],
    seen: true,
    children: { thread: none, process: none },
  });
}, 90_000);
