import { fileURLToPath } from 'node:url';
import { startTypeScript } from '@lovage/testing';
import { MEASUREMENTS } from './measurements/all.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

test('--list names every measurement', async () => {
  await using bench = await startTypeScript(main, ['--list']);
  expect(await bench.exit).toEqual({ code: 0, signal: null });
  expect(bench.lines.map((line) => line.split(' ')[0])).toEqual(MEASUREMENTS.map(({ name }) => name));
});

test('what it does not know is refused, with its usage', async () => {
  await using bench = await startTypeScript(main, ['--only', 'speed']);
  expect(await bench.exit).toEqual({ code: 2, signal: null });
  expect(bench.output).toContain('--only speed: there is throughput');
  expect(bench.output).toContain('npm run bench');
});
