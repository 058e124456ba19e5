/// <reference lib="dom" preserve="true" />
import type { Page } from 'playwright-core';
import type { AuditList, FiringList, ScheduleDocument } from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import { describeInBrowser } from './kit/describe-in-browser.ts';
import { PHONE } from './kit/visit.ts';

const HOSTILE = '<img src=x onerror=alert(1)>';

describeInBrowser('schedules that people make, in the dashboard', (dashboard) => {
  const rest = () => dashboard().platform.rest;
  const json = async <T>(path: string): Promise<T> => (await rest().ask(path)).json<T>();
  const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });
  const choose = async (page: Page, label: string, option: string): Promise<void> => {
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('combobox', { name: label }).fill(option);
    await page.getByRole('option', { name: option, exact: true }).click();
  };

  test('one is made with its moments shown while they are typed, fires, is changed, and removed', async () => {
    await using visit = await dashboard().open('operator', '/schedules');
    const { page } = visit;
    await page.getByRole('button', { name: 'New schedule' }).click();
    const dialog = page.getByRole('dialog', { name: 'New schedule' });
    const next = dialog.getByRole('status', { name: 'Next firings' });
    await next.getByText('At 07:00 (UTC)').waitFor();
    expect(await next.getByRole('listitem').count()).toBe(5);

    // What is wrong is said while it is typed, in the words of the gateway.
    await dialog.getByLabel('Pattern').fill('0 25 * * *');
    await dialog.getByRole('alert').filter({ hasText: '0 25 * * *' }).waitFor();
    await next.getByText('once the pattern can be read').waitFor();
    await dialog.getByLabel('Name').fill('Not A Name');
    await dialog.getByRole('alert').filter({ hasText: 'lower case words' }).waitFor();
    expect(await visit.axe()).toEqual([]);
    await dialog.getByLabel('Pattern').fill('* * * * * *');
    await next.getByText('Every second (UTC)').waitFor();
    await choose(page, 'Time zone', 'Europe/Stockholm');
    await next.getByText('Every second (Europe/Stockholm)').waitFor();
    await dialog.getByLabel('Name').fill('people.every_second');

    // Nothing is sent while something is wrong.
    await dialog.getByRole('button', { name: 'Create the schedule' }).click();
    await dialog.getByText('Choose a contract').waitFor();
    await choose(page, 'Contract', 'math.add');
    await dialog.getByLabel(/^x/i).fill('one');
    await dialog.getByRole('alert').filter({ hasText: 'number' }).first().waitFor();
    await dialog.getByLabel(/^x/i).fill('40');
    await dialog.getByLabel(/^y/i).fill('2');
    await dialog.getByRole('tab', { name: 'Input as JSON' }).click();
    await dialog.getByText('"x": 40').first().waitFor();
    expect(await visit.axe()).toEqual([]);
    await dialog.getByText('How its tasks are sent').click();
    await dialog.getByLabel('Expires after').fill('soon');
    await dialog
      .getByRole('alert')
      .filter({ hasText: 'duration' })
      .or(dialog.getByText(/must be/))
      .first()
      .waitFor();
    await dialog.getByLabel('Expires after').fill('10m');
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('button', { name: 'Create the schedule' }).click();
    await page.getByRole('heading', { level: 1, name: 'people.every_second' }).waitFor();
    expect(await json<ScheduleDocument>('/api/schedules/people.every_second')).toMatchObject({
      ...{ contract: 'math.add', input: { x: 40, y: 2 }, cron: '* * * * * *', timeZone: 'Europe/Stockholm' },
      ...{ source: 'api', options: { expires: '10m' } },
    });

    // The real beat fires it, and the real worker runs what it fires.
    const firing = await eventually(async () => {
      const { items } = await json<FiringList>('/api/schedules/people.every_second/firings');
      return items.find(({ trigger, task }) => trigger === 'schedule' && task?.state === 'SUCCESS');
    });
    expect(await rest().task(firing.taskId)).toMatchObject({ name: 'math.add', result: 42 });
    await page.getByRole('grid', { name: 'Firings' }).getByText('the schedule').first().waitFor();

    await page.getByRole('button', { name: 'Change the schedule' }).click();
    const change = page.getByRole('dialog', { name: 'Change people.every_second' });
    expect(await change.getByLabel('Name').count()).toBe(0);
    await change.getByRole('button', { name: 'Interval' }).click();
    await change.getByLabel('Every', { exact: true }).fill('1h');
    await change.getByRole('status', { name: 'Next firings' }).getByText('Every 1h').waitFor();
    await change.getByRole('button', { name: 'Change the schedule' }).click();
    await page.getByText('Every 1 h').first().waitFor();
    expect(await json('/api/schedules/people.every_second')).toMatchObject({ every: 3600, cron: null, revision: 2 });

    await page.getByRole('button', { name: 'Remove the schedule' }).click();
    await page.getByRole('dialog').getByText('It does not fire any more').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the schedule' }).click();
    await page.getByRole('heading', { level: 1, name: 'Schedules' }).waitFor();
    await row(page, 'people.every_second').waitFor({ state: 'detached' });
    expect((await rest().ask('/api/schedules/people.every_second')).status).toBe(404);
    const { items } = await json<AuditList>('/api/audit?action=schedule.*');
    expect(items.map(({ action }) => action)).toEqual(['schedule.remove', 'schedule.change', 'schedule.create']);
  });

  test('what somebody else changed meanwhile is not overwritten; what stands in code is not offered to be changed', async () => {
    const body = { name: 'people.hourly', contract: 'text.process_word', input: { word: HOSTILE }, every: '1h' };
    expect((await rest().ask('/api/schedules', { body })).status).toBe(201);
    await using visit = await dashboard().open('operator', '/schedules/people.hourly');
    const { page } = visit;
    await page.getByText(HOSTILE).first().waitFor();
    await page.getByRole('button', { name: 'Change the schedule' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('status', { name: 'Next firings' }).getByText('Every 1h').waitFor();
    await rest().ask('/api/schedules/people.hourly', { method: 'PATCH', body: { every: '2h' } });
    await dialog.getByLabel('Every', { exact: true }).fill('3h');
    await dialog.getByRole('status', { name: 'Next firings' }).getByText('Every 3h').waitFor();
    visit.expect(/status of 409/);
    await dialog.getByRole('button', { name: 'Change the schedule' }).click();
    await dialog.getByText('was changed since it was read').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await json('/api/schedules/people.hourly')).toMatchObject({ every: 7200 });

    await visit.go('/schedules/maintenance.prune_results');
    await page.getByRole('button', { name: /^(Pause|Resume) the schedule$/ }).waitFor();
    for (const name of ['Change the schedule', 'Remove the schedule'])
      expect(await page.getByRole('button', { name }).count()).toBe(0);
  });

  test('a viewer sees who states it, and is offered nothing; the form fits a phone', async () => {
    await using viewer = await dashboard().open('viewer', '/schedules');
    await row(viewer.page, 'people.hourly').getByText('people', { exact: true }).waitFor();
    await row(viewer.page, 'maintenance.prune_results').getByText('code', { exact: true }).waitFor();
    expect(await viewer.page.getByRole('button', { name: /New schedule|What to do/ }).count()).toBe(0);
    await using phone = await dashboard().open('operator', '/schedules', { size: PHONE });
    await phone.page.getByRole('button', { name: 'New schedule' }).click();
    await phone.page.getByRole('status', { name: 'Next firings' }).getByText('At 07:00').waitFor();
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(wide).toBe(false);
    expect(await phone.axe()).toEqual([]);
  });
});
