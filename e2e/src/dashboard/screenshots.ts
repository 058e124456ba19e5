// Makes the pictures of docs/dashboard.md from a real run: npm run screenshots
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { PostgresBroker } from '@lovage/broker-postgres';
import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import type { DeadLetterList } from '@lovage/http-api';
import { eventually, silentLog } from '@lovage/testing';
import type { RestClient } from '../kit/rest.ts';
import { Dashboard } from './kit/dashboard.ts';
import { DESKTOP, PHONE } from './kit/visit.ts';

const MAX_BYTES = 100 * 1024;
/** How long tasks are submitted for, so that the charts have a line to show, s. */
const SECONDS = Number(process.env['SCREENSHOT_SECONDS'] ?? 240);
/** Only these screens, by their names with commas between: `SCREENSHOTS=queues,workers`. Default: all. */
const ONLY = process.env['SCREENSHOTS']?.split(',');
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
  await die(dashboard);
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
      if (ONLY?.includes(name) === false) continue;
      await visit.go(path);
      await visit.loaded();
      // The stream has told, fonts are there, and charts are drawn.
      await visit.page.waitForFunction(() => document.fonts.status === 'loaded');
      await visit.page.waitForTimeout(1_500);
      await keep(await visit.page.screenshot(), `${name}-${look}`);
    }
  }
  expect(dashboard.takeComplaints()).toEqual([]);
}, 900_000);

/** Bodies of another program that are no tasks, and tasks that a worker of somebody else refused. */
async function die(dashboard: Dashboard): Promise<void> {
  const malformed = ['report.build', 'report.build', 'mail.send_one', 'sync.account'].map((task, n) => ({
    headers: { task, id: newId(), origin: `gen${n}@legacy-cron` },
    body: n % 2 === 0 ? '[[1, 2]]' : '{"report": "2026-11", "for": ["a@example.org"',
  }));
  await dashboard.publish([...malformed, { headers: { id: newId() }, body: '[[], {}, {}]' }]);
  const broker = new PostgresBroker({ url: await dashboard.platform.databaseUrl(), log: silentLog });
  await broker.start();
  try {
    await broker.declare('legacy');
    for (const word of ['leaf', 'root', 'seed']) {
      const id = newId();
      const { headers, body } = encodeTask({
        ...{ id, name: 'text.process_word', inputJson: JSON.stringify({ word }), rootId: id, parentId: null },
        ...{ retries: 0, generation: 0, hasRow: false },
      });
      const kind = { contentType: 'application/json', contentEncoding: 'utf-8' };
      await broker.publish({ queue: 'legacy', headers, body, ...kind });
    }
    await broker.consume('legacy', { prefetch: 3, onDelivery: (delivery) => delivery.nack({ requeue: false }) });
    await eventually(async () => {
      const { items } = (await dashboard.platform.rest.ask('/api/dead-letters')).json<DeadLetterList>();
      return items.length === malformed.length + 4;
    });
  } finally {
    await broker.stop();
  }
}

/** Some of everything: what ends well and badly, waits, runs, is delayed and paused. */
async function work(rest: RestClient): Promise<{ failed: string; running: string }> {
  const delayed = Array.from({ length: 5 }, (_, n) => ({
    name: 'math.add',
    input: { x: n, y: 1 },
    options: { delay: '1h' },
  }));
  await rest.ask('/api/tasks/batch', { body: { tasks: delayed } });
  const { id: failedId } = await rest.accepted('math.divide', { x: 1, y: 0 });
  const { id: running } = await rest.accepted('demo.wait_and_return', { seconds: 3600, value: 'still running' });
  for (const end = Date.now() + SECONDS * 1_000, round = { n: 0 }; Date.now() < end; round.n += 1) {
    const tasks = [
      ...Array.from({ length: 6 + (round.n % 7) }, (_, n) => ({ name: 'math.add', input: { x: n, y: round.n } })),
      ...Array.from({ length: 3 }, (_, n) => ({ name: 'math.divide', input: { x: n, y: (n + round.n) % 4 } })),
      // One of ten seconds in three: more, and the worker is never free.
      ...(round.n % 3 === 0 ? [{ name: 'text.process_word', input: { word: 'lovage' } }] : []),
      { name: 'demo.wait_and_return', input: { seconds: (round.n % 5) / 2, value: { order: round.n, big: 12 } } },
    ];
    await rest.ask('/api/tasks/batch', { body: { tasks } });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
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
