import { eventually } from '@lovage/testing';
import { describeInBrowser } from './kit/describe-in-browser.ts';

/** A beat counts ended tasks every few seconds; a busy machine takes longer. */
const COUNTED_MS = 90_000;

describeInBrowser('the overview', (dashboard) => {
  afterEach(() => dashboard().platform.rest.ask('/api/queues/default/resume', { body: {} }));

  test('says what needs attention in words with a link, and shows what is now, live', async () => {
    const { rest } = dashboard().platform;
    await using visit = await dashboard().open('operator');
    const { page } = visit;
    const attention = page.getByRole('region', { name: 'What needs attention' });
    await attention.getByText('Nothing needs attention.').waitFor();
    const { status } = await rest.ask('/api/queues/default/pause', { body: { reason: 'a <b>look</b>' } });
    expect(status).toBe(200);
    // Workers notice within two seconds; until then tasks run.
    const waits = attention.getByText(/^Queue default is paused and \d+ tasks? waits? in it\.$/);
    await eventually(
      async () => {
        await rest.accepted('math.add', { x: 1, y: 2 });
        return (await waits.count()) > 0;
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
    await attention.getByText('Reason: a <b>look</b>').waitFor();
    await page
      .getByRole('listitem')
      .filter({ hasText: /Waiting\s*[1-9]/ })
      .waitFor();
    expect(await visit.axe()).toEqual([]);
    await attention.getByRole('link', { name: 'See the queue' }).click();
    await page.getByRole('heading', { level: 1, name: 'default' }).waitFor();
    expect(visit.path).toBe('/queues/default');
    await page.goBack();
    for (const [table, heading] of [
      ['Longest wait by queue', 'default'],
      ['Worker slots', /@/],
    ] as const) {
      await page.getByRole('grid', { name: table }).getByRole('link').first().click();
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await page.goBack();
    }
    await rest.ask('/api/queues/default/resume', { body: {} });
    await attention.getByText('Nothing needs attention.').waitFor();
  });

  test('draws what ended; a part that is selected is in the URL, and Back undoes it', async () => {
    const { rest } = dashboard().platform;
    const tasks = Array.from({ length: 12 }, (_, n) => ({ name: 'math.divide', input: { x: 1, y: n % 2 } }));
    expect((await rest.ask('/api/tasks/batch', { body: { tasks } })).status).toBe(200);
    await using visit = await dashboard().open('viewer');
    const { page } = visit;
    const failing = page.getByRole('grid', { name: 'Failing contracts' });
    await failing.getByRole('link', { name: 'math.divide' }).waitFor({ timeout: COUNTED_MS });
    expect(await failing.innerText()).toMatch(/math\.divide\s+6\s+50 %/);
    // The same numbers as on the canvas, for those who do not see it.
    const ends = page.getByRole('table', { name: 'Tasks ended a minute, by state' });
    expect(await ends.getByRole('columnheader').allInnerTexts()).toEqual(['From', 'Failure', 'Success']);
    const failures = await ends.locator('tbody tr td:nth-child(2)').allInnerTexts();
    expect(failures.reduce((sum, text) => sum + (Number(text) || 0), 0)).toBe(6);
    await page.getByText('50 % of math.divide failed: 6 of 12 tasks.').waitFor();
    await page.getByText(/^Ended tasks are counted up to \d\d:\d\d:\d\d\.$/).waitFor();
    expect(await visit.axeInBothThemes()).toEqual([]);
    const plot = await page.locator('.u-over').first().boundingBox();
    const at = (part: number): [number, number] => [plot!.x + plot!.width * part, plot!.y + plot!.height / 2];
    await page.mouse.move(...at(0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0.7), { steps: 4 });
    await page.mouse.move(...at(0.99), { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=[^&]+&to=/);
    // The end tells its day where that is another one.
    const selected = page.getByRole('button', { name: /\d\d:\d\d – (\d{4}-\d\d-\d\d )?\d\d:\d\d/ });
    await selected.waitFor();
    await page.reload();
    await selected.waitFor();
    await page.goBack();
    await eventually(() => visit.path === '/overview');
    await page.getByRole('button', { name: 'Last week' }).click();
    await page.getByRole('button', { name: 'Wait', exact: true }).click();
    await eventually(() => visit.path === '/overview?range=week&times=wait');
  });
});
