/// <reference lib="dom" preserve="true" />
import { eventually } from '@lovage/testing';
import { describeInBrowser } from './kit/describe-in-browser.ts';

/** What a browser says of a connection that breaks or is refused, and nothing else. */
const NETWORK = /^error: Failed to load resource: net::ERR_(CONNECTION|INCOMPLETE|EMPTY|SOCKET|NETWORK)\w* /;

describeInBrowser('a gateway that is killed', (dashboard) => {
  test('open pages say so, keep what they show, greyed, and come back by themselves', async () => {
    const { platform } = dashboard();
    const first = await platform.rest.accepted('math.add', { x: 1, y: 2 });
    await using overview = await dashboard().open('operator');
    await using tasks = await overview.tab('/tasks');
    const rows = tasks.page.getByRole('grid', { name: 'Tasks' }).getByRole('row');
    const ending = overview.page.getByRole('list', { name: 'Now' }).getByRole('listitem').filter({ hasText: 'Ending' });
    const visits = [overview, tasks];
    for (const { page } of visits)
      await page
        .getByRole('status')
        .filter({ hasText: /^Live$/ })
        .waitFor();
    await rows.filter({ hasText: 'Success' }).first().waitFor();
    await ending.getByText(/\d/).first().waitFor();
    // What it never had it cannot keep.
    for (const visit of visits) await visit.loaded();

    const unexpect = visits.map((visit) => visit.expect(NETWORK));
    // A launcher that is stopped starts no other gateway, so that there is time to look.
    process.kill(platform.launcher.pid, 'SIGSTOP');
    try {
      await platform.signal('gateway', 'SIGKILL');
      for (const { page } of visits) {
        const note = page.getByRole('status').filter({
          hasText:
            /^The gateway does not answer\. The page tries again (now|in \d+ s)\. What you see is from (now|.+ ago)\.$/,
        });
        await note.waitFor();
        await page.locator('main[data-stale]').waitFor();
        expect(await page.evaluate(() => getComputedStyle(document.querySelector('main')!).filter)).toBe(
          'grayscale(0.8)',
        );
      }
      // Requests of the page fail meanwhile, the last of their tries too: what is shown stays, and nothing else complains.
      await overview.page.getByText(/What you see is from ([89]|\d\d) s ago/).waitFor({ timeout: 60_000 });
      // The last hour begins a minute later by now; three tries of each of the two questions for it fail.
      let failed = 0;
      overview.page.on('requestfailed', (request) => (failed += Number(request.url().includes('/api/stats'))));
      await overview.page.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 60_000;
      });
      await eventually(() => failed >= 6, { timeoutMs: 60_000 });
      expect(await rows.nth(1).innerText()).toMatch(/math\.add/);
      expect(await overview.page.getByRole('alert').count()).toBe(0);
      for (const visit of visits) expect(await visit.axe()).toEqual([]);
    } finally {
      process.kill(platform.launcher.pid, 'SIGCONT');
    }

    // The wait before a try grows with the time that the gateway was away.
    for (const { page } of visits) {
      await page
        .getByRole('status')
        .filter({ hasText: /^Live$/ })
        .waitFor({ timeout: 60_000 });
      await page.locator('main:not([data-stale])').waitFor();
      // Each list asks again by itself.
      await eventually(async () => (await page.getByText('What you see is from').count()) === 0);
    }
    for (const end of unexpect) end();
    const second = await eventually(() => platform.rest.accepted('math.add', { x: 3, y: 4 }).catch(() => undefined), {
      timeoutMs: 60_000,
    });
    expect(second.id).not.toBe(first.id);
    await tasks.page.getByRole('button', { name: /^1 new/ }).click();
    await rows.filter({ hasText: 'math.add' }).nth(1).waitFor();
    await eventually(
      async () => {
        await platform.rest.accepted('math.add', { x: 5, y: 6 });
        return (await ending.getByText(/[1-9]/).count()) > 0;
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
  });
});
