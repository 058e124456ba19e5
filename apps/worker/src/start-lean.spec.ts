import { startProcess } from '@lovage/testing';

/** What survives a start, and the space for new objects before it, after it, and after as much again. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
import { startLean } from '${new URL('./start-lean.ts', import.meta.url).href}';
const space = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size;
const kept = [];
const allocate = () => { for (let n = 0; n < 500_000; n += 1) kept.push({ n }); };
const before = space();
const started = startLean();
const borrowed = globalThis.navigator?.userAgent;
allocate();
const during = space();
started();
allocate();
console.log(JSON.stringify({ before, borrowed, during, after: space(), own: process.versions.node, left: typeof navigator }));
`;

test('the space for new objects does not grow during a start and does afterwards; the navigator is only lent', async () => {
  await using child = await startProcess(process.execPath, [
    ...['--conditions=@lovage/source', '--import', './tools/ts-hooks.mjs', '--input-type=module', '-e', PROGRAM],
  ]);
  const line = await child.line('{');
  const { before, during, after } = JSON.parse(line) as Record<'before' | 'during' | 'after', number>;
  const { borrowed, own, left } = JSON.parse(line) as Record<'borrowed' | 'own' | 'left', string>;
  const [major] = own.split('.');
  expect(borrowed).toBe(`Node.js/${major}`);
  expect(left).toBe(Number(major) < 21 ? 'undefined' : 'object');
  expect(during).toBeLessThanOrEqual(before);
  expect(after).toBeGreaterThan(during);
});
