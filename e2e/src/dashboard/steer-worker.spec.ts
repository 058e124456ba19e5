import type { WorkerAnswers } from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import { describeInBrowserOnBothShapes } from './kit/describe-in-browser.ts';

describeInBrowserOnBothShapes('a worker is steered in the dashboard', (dashboard) => {
  const rest = () => dashboard().platform.rest;
  const worker = async (): Promise<string> =>
    (await rest().ask('/api/workers')).json<{ items: { name: string }[] }>().items[0]!.name;

  test('an operator asks it and grows its pool; a viewer may only ask', async () => {
    const name = await worker();
    await using visit = await dashboard().open('operator', `/workers/${name}`);
    const { page } = visit;
    const steer = page.getByRole('button', { name: 'Steer the worker' });
    await steer.click();
    await page.getByRole('menuitem', { name: 'Run more tasks at once' }).click();
    const dialog = page.getByRole('dialog', { name: `Let ${name} run more tasks at once` });
    await dialog.getByLabel('Tasks').fill('0');
    await dialog.getByText('A whole number from 1 to 1000').waitFor();
    await dialog.getByLabel('Tasks').fill('3');
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('button', { name: 'Grow the pool' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('The pool grows').waitFor();
    await page.getByLabel('What to ask').selectOption('stats');
    await page.getByText('max-concurrency').first().waitFor();
    const { answers } = (await rest().ask(`/api/workers/${name}/stats`)).json<WorkerAnswers>();
    expect(answers[0]!.value).toMatchObject({ pool: { 'max-concurrency': expect.any(Number) } });
    if (process.env['SCREENSHOT']) await page.screenshot({ path: process.env['SCREENSHOT'], fullPage: true });
    await page.getByLabel('What to ask').selectOption('conf');
    await page.getByText('broker_url').first().waitFor();

    await using viewer = await dashboard().open('viewer', `/workers/${name}`);
    await viewer.page.getByLabel('What to ask').selectOption('ping');
    await viewer.page.getByText('pong').first().waitFor();
    expect(await viewer.page.getByRole('button', { name: 'Steer the worker' }).count()).toBe(0);

    // The end of it: it stops in order.
    const before = await worker();
    await steer.click();
    await page.getByRole('menuitem', { name: 'Shut it down' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Shut it down' }).click();
    await eventually(
      async () => {
        const gone = (await rest().ask('/api/workers?status=stopped')).json<{ items: { name: string }[] }>();
        return gone.items.some((one) => one.name === before);
      },
      { timeoutMs: 60_000 },
    );
  });
});
