/// <reference lib="dom" preserve="true" />
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { eventually } from '@lovage/testing';
import { describeInBrowser } from './kit/describe-in-browser.ts';
import { median } from '../kit/numbers.ts';

/** How long tasks end at `PER_SECOND`; `FLOOD_SECONDS` for a shorter look. */
const SECONDS = Number(process.env['FLOOD_SECONDS'] ?? 60);
const PER_SECOND = 5_000;
const BATCH_MS = 500;
/** What the page may take at once, ms. */
const LONGEST_MS = 200;
/** By how much the heap of the last third may differ from that of the first. */
const HEAP_GROWTH = 0.2;
const HEAP_EVERY_MS = 3_000;
const FIRST_PAINT_MS = 1_000;

/** By the database: it is the browser that is measured. Their ends are spread over the time of a batch. */
const BATCH = `
insert into tasks (id, name, queue, state, worker, input, error, created_at, started_at, finished_at)
select gen_random_uuid(), 'flood.' || (array['mail', 'report', 'image', 'sync'])[1 + i % 4], (array['default', 'bulk'])[1 + i % 2],
  state, 'worker-' || i % 8, json_build_object('n', i),
  case when state = 'FAILURE' then '{"type":"Timeout","message":"the server did not answer"}'::json end,
  at - interval '140 ms', at - interval '100 ms', at
from (
  select i, now() - i * interval '${1 / PER_SECOND} s' as at,
    case when i % 50 = 0 then 'FAILURE' when i % 997 = 0 then 'REVOKED' else 'SUCCESS' end as state
  from generate_series(1, ${(PER_SECOND * BATCH_MS) / 1_000}) i
) batch`;

interface Watch {
  longTasks: number[];
}

/** Notes each task of the page that keeps it from answering. */
function watch(): void {
  const seen = window as unknown as Watch;
  seen.longTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.longTasks.push(entry.duration);
  }).observe({ type: 'longtask' });
}

/** One such task. */
function block(): void {
  setTimeout(() => {
    const end = performance.now() + 150;
    while (performance.now() < end);
  });
}

describeInBrowser('thousands of tasks a second', (dashboard) => {
  test('the overview is painted within a second, with nothing of it in the cache', async () => {
    await using visit = await dashboard().open('operator');
    const { page } = visit;
    const devtools = await page.context().newCDPSession(page);
    const took: number[] = [];
    const shown: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      await devtools.send('Network.clearBrowserCache');
      await visit.go('/overview');
      await page.getByRole('list', { name: 'Now' }).waitFor();
      shown.push(await page.evaluate(() => performance.now()));
      // Noted once the frame is on the screen, which may be a moment later.
      const painted = await eventually(() =>
        page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime),
      );
      took.push(painted);
    }
    const list = (all: readonly number[]): string => all.map(Math.round).join(', ');
    process.stdout.write(`first contentful paint of the overview: ${list(took)} ms; its content: ${list(shown)} ms\n`);
    expect(median(took)).toBeLessThan(FIRST_PAINT_MS);
  });

  test(
    'open pages answer all the time, and keep no more the longer it goes on',
    async () => {
      const { platform } = dashboard();
      // So that the list has rows.
      await platform.query(BATCH);
      await using overview = await dashboard().open('operator');
      await using tasks = await overview.tab('/tasks');
      const pages = await Promise.all([watched('overview', overview.page), watched('tasks', tasks.page)]);
      const rate = overview.page
        .getByRole('list', { name: 'Now' })
        .getByRole('listitem')
        .filter({ hasText: 'Ending' })
        .getByText(/\/s$/)
        .first();
      const rates: string[] = [];

      const began = performance.now();
      const end = began + SECONDS * 1_000;
      let ended = 0;
      const flood = async (): Promise<void> => {
        for (let n = 0; performance.now() < end; n += 1) {
          await platform.query(BATCH);
          ended += (PER_SECOND * BATCH_MS) / 1_000;
          await sleep(Math.max(0, began + (n + 1) * BATCH_MS - performance.now()));
        }
      };
      const look = async (): Promise<void> => {
        while (performance.now() < end - HEAP_EVERY_MS) {
          await sleep(HEAP_EVERY_MS);
          for (const page of pages) page.heap.push(await usedHeap(page.devtools));
          rates.push(await rate.innerText());
        }
      };
      await Promise.all([flood(), look()]);
      const seconds = (performance.now() - began) / 1_000;
      process.stdout.write(
        `${Math.round(ended / seconds)} tasks ended a second; the overview said ${rates.join(', ')}\n`,
      );

      const growth: number[] = [];
      const tooLong: number[] = [];
      for (const { name, page, heap } of pages) {
        const longTasks = await page.evaluate(() => (window as unknown as Watch).longTasks);
        const third = Math.floor(heap.length / 3);
        const [first, last] = [median(heap.slice(0, third)), median(heap.slice(-third))];
        growth.push(last / first - 1);
        tooLong.push(...longTasks.filter((ms) => ms > LONGEST_MS));
        process.stdout.write(
          `${name}: ${longTasks.length} long tasks, the longest ${Math.round(Math.max(0, ...longTasks))} ms; ` +
            `heap ${heap.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ')} MB\n`,
        );
      }
      // A flood that did not flood, and a page that rested, prove nothing.
      expect(ended / seconds).toBeGreaterThan(PER_SECOND * 0.8);
      expect(tooLong).toEqual([]);
      expect(growth.filter((part) => Math.abs(part) > HEAP_GROWTH)).toEqual([]);
      for (const { page } of pages) await isLive(page);
      // Rates are of the newest ends up to now, and a batch is seen late: less than there are.
      expect(rates.some((text) => /^[2-9](,\d{3}|\.\d k)/.test(text))).toBe(true);
      await tasks.page.getByRole('button', { name: /^(\d.* new|Many changed)$/ }).waitFor();
    },
    (SECONDS + 120) * 1_000,
  );
});

interface Watched {
  readonly name: string;
  readonly page: Page;
  readonly devtools: CDPSession;
  /** Bytes after a collection, in the order of the looks. */
  readonly heap: number[];
}

async function watched(name: string, page: Page): Promise<Watched> {
  await isLive(page);
  await page.evaluate(watch);
  // A watch that sees nothing proves nothing.
  await page.evaluate(block);
  await eventually(() => page.evaluate(() => (window as unknown as Watch).longTasks.splice(0).length > 0));
  return { name, page, devtools: await page.context().newCDPSession(page), heap: [] };
}

const isLive = (page: Page): Promise<void> =>
  page
    .getByRole('status')
    .filter({ hasText: /^Live$/ })
    .waitFor();

async function usedHeap(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage');
  return (await devtools.send('Runtime.getHeapUsage')).usedSize;
}
