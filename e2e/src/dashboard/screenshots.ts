// Makes the pictures of docs/dashboard.md from a real run: npm run screenshots
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { eventually } from '@lovage/testing';
import type { Rest } from '../kit/rest.ts';
import { Dashboard } from './kit/dashboard.ts';
import { DESKTOP, PHONE } from './kit/visit.ts';

const MAX_BYTES = 100 * 1024;
/** How long tasks are submitted for, so that the charts have a line to show, s. */
const SECONDS = Number(process.env['SCREENSHOT_SECONDS'] ?? 240);
const folder = fileURLToPath(new URL('../../../docs/images/dashboard/', import.meta.url));
const LOOKS = [
  { name: 'light', theme: 'light', size: DESKTOP },
  { name: 'dark', theme: 'dark', size: DESKTOP },
  { name: 'phone', theme: 'light', size: PHONE },
] as const;

test('the pictures of docs/dashboard.md', async () => {
  await using dashboard = await Dashboard.start({ env: { WORKER_CONCURRENCY: '8' } });
  const { rest } = dashboard.platform;
  const began = Date.now();
  const ids = await work(rest);
  const failed = await eventually(async () => (await rest.task(ids.failed)).state === 'FAILURE' && ids.failed);
  const part = `from=${new Date(began).toISOString()}&to=${new Date().toISOString()}`;
  const screens: readonly (readonly [name: string, path: string])[] = [
    ['overview', `/overview?${part}`],
    ['tasks', '/tasks'],
    ['task', `/tasks/${failed}`],
    ['task-running', `/tasks/${ids.running}`],
    ['queues', '/queues'],
    ['workers', '/workers'],
    ['schedules', '/schedules'],
    ['contracts', '/contracts'],
    ['contract', '/contracts/image.thumbnail'],
    ['failures', '/failures'],
    ['limits', '/limits'],
    ['dead-letters', '/dead-letters'],
    ['load-test', '/load-test'],
    ['admin', '/admin'],
  ];
  mkdirSync(folder, { recursive: true });
  for (const { name: look, theme, size } of LOOKS) {
    await using visit = await dashboard.open('admin', '/overview', { theme, size });
    for (const [name, path] of screens) {
      await visit.go(path);
      await visit.page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
      // The stream has told, fonts are there, and charts are drawn.
      await visit.page.waitForFunction(() => document.fonts.status === 'loaded');
      await visit.page.waitForTimeout(1_500);
      await keep(await visit.page.screenshot(), `${name}-${look}`);
    }
  }
  expect(dashboard.takeComplaints()).toEqual([]);
}, 900_000);

/** Some of everything: what ends well and badly, waits, runs, is delayed and paused. */
async function work(rest: Rest): Promise<{ failed: string; running: string }> {
  const delayed = Array.from({ length: 5 }, (_, n) => ({
    name: 'math.add',
    input: { x: n, y: 1 },
    options: { delay: '1h' },
  }));
  await rest.ask('/api/tasks/batch', { body: { tasks: delayed } });
  const { id: failedId } = await rest.accepted('math.divide', { x: 1, y: 0 });
  for (const end = Date.now() + SECONDS * 1_000, round = { n: 0 }; Date.now() < end; round.n += 1) {
    const tasks = [
      ...Array.from({ length: 6 + (round.n % 7) }, (_, n) => ({ name: 'math.add', input: { x: n, y: round.n } })),
      ...Array.from({ length: 3 }, (_, n) => ({ name: 'math.divide', input: { x: n, y: (n + round.n) % 4 } })),
      { name: 'text.process_word', input: { word: 'lovage' } },
      { name: 'demo.wait_and_return', input: { seconds: (round.n % 5) / 2, value: { order: round.n, big: 12 } } },
    ];
    await rest.ask('/api/tasks/batch', { body: { tasks } });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const { id: running } = await rest.accepted('demo.wait_and_return', { seconds: 300, value: 'still running' });
  await rest.ask('/api/limits/text.process_word', { method: 'PUT', body: { rate: '5/s' } });
  const load = { contract: 'math.add', input: { x: 1, y: 2 }, rate: 40, rampSeconds: 20, seconds: 120, total: 10_000 };
  await rest.ask('/api/load-tests', { body: load });
  return { failed: failedId, running };
}

/** As WebP, as good as fits. */
async function keep(picture: Buffer, name: string): Promise<void> {
  for (let quality = 85; quality > 20; quality -= 10) {
    const { size } = await sharp(picture).webp({ quality, effort: 6 }).toFile(`${folder}${name}.webp`);
    if (size <= MAX_BYTES) return;
  }
  throw new Error(`${name} does not fit into ${MAX_BYTES} bytes`);
}
