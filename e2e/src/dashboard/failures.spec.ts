import { eventually } from '@lovage/testing';
import type { FailureGroupList } from '@lovage/http-api';
import { describeInBrowser } from './kit/describe-in-browser.ts';
import { PHONE } from './kit/visit.ts';

describeInBrowser('failures', (dashboard) => {
  test('tasks that failed alike are one group; all of it is run again', async () => {
    const { rest } = dashboard().platform;
    for (const x of [1, 2, 3]) await rest.ended((await rest.accepted('math.divide', { x, y: 0 })).id);
    // Counted by a beat, some seconds after the end.
    await eventually(
      async () => {
        const { items } = (await rest.ask('/api/failures')).json<FailureGroupList>();
        return items[0]?.count === 3 ? true : undefined;
      },
      { timeoutMs: 90_000 },
    );
    await using visit = await dashboard().open('operator', '/failures');
    const { page } = visit;
    const row = page.getByRole('row').filter({ hasText: 'DivisionByZero' });
    await row.getByText('3', { exact: true }).waitFor();
    expect(await visit.axeInBothThemes()).toEqual([]);
    await row.focus();
    await page.keyboard.press('Enter');
    const sheet = page.getByRole('dialog');
    await sheet.getByText('Failures in this time').waitFor();
    await sheet.getByText('Failed last').waitFor();
    expect(visit.path).toMatch(/^\/failures\?group=/);
    expect(await visit.axe()).toEqual([]);
    // An administrator's act is not offered to an operator.
    expect(await sheet.getByRole('button', { name: 'Delete all of them' }).count()).toBe(0);
    await sheet.getByRole('button', { name: 'Run all of them again' }).click();
    await page.getByRole('button', { name: /^Run 3 tasks again|3 tasks/ }).waitFor();
    await page.getByLabel('Reason').fill('the divisor is mended');
    await page.getByRole('button', { name: /3 tasks/ }).click();
    await eventually(async () => {
      const [found] = (await dashboard().platform.query(
        `select count(*)::int as n from tasks where name = 'math.divide' and retried_from is not null`,
      )) as { n: number }[];
      return found?.n === 3 ? true : undefined;
    });
    await visit.go('/failures');
    await row.waitFor();
    await row.getByRole('link', { name: 'math.divide' }).waitFor();
    await page.setViewportSize(PHONE);
    expect(await page.evaluate(() => document.querySelector('#content')!.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    await page.setViewportSize({ width: 1280, height: 800 });
    await row.click({ position: { x: 10, y: 10 } });
    await sheet.getByRole('link', { name: 'Show its tasks' }).click();
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();
    await page.getByRole('grid', { name: 'Tasks' }).getByRole('row').nth(3).waitFor();
  }, 180_000);
});
