import type { LoadTestList } from '@lovage/http-api';
import { describeInBrowser } from './kit/describe-in-browser.ts';
import { PHONE } from './kit/visit.ts';

describeInBrowser(
  'load test',
  (dashboard) => {
    test('a load test runs, is seen second by second, and stops when it is told to', async () => {
      await using visit = await dashboard().open('operator', '/load-test');
      const { page } = visit;
      await page.getByText('No test has run yet').waitFor();
      await page.getByLabel('Tasks a second').fill('ten');
      await page.getByText('A number from 0.1 to 10,000').waitFor();
      expect(await page.getByRole('button', { name: 'Start the load test' }).isDisabled()).toBe(true);
      await page.getByLabel('Tasks a second').fill('10');
      await page.getByLabel('Tasks at most').fill('6000');
      await page.getByLabel('Seconds at most').fill('600');
      await page.getByLabel('X', { exact: true }).fill('5');
      expect(await visit.axe()).toEqual([]);
      await page.getByRole('button', { name: 'Start the load test' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('They are real tasks').waitFor();
      await dialog.getByRole('button', { name: 'Start the load test' }).click();
      await page.getByRole('figure').filter({ hasText: 'Tasks a second' }).waitFor();
      await page.getByText('One runs. Stop it').waitFor();
      expect(await visit.axeInBothThemes()).toEqual([]);
      await page.getByRole('button', { name: 'Stop the load test' }).click();
      await page.getByText('stopped', { exact: true }).first().waitFor();
      const [test] = (await dashboard().platform.rest.ask('/api/load-tests')).json<LoadTestList>().items;
      expect(test).toMatchObject({ state: 'stopped', contract: 'math.add', total: 6000, rate: 10, failed: 0 });
      expect(test!.submitted).toBeGreaterThan(0);
      expect(test!.submitted).toBeLessThan(6000);
      await page.setViewportSize(PHONE);
      expect(
        await page.evaluate(() => document.querySelector('#content')!.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      // Where it is switched off the screen says so, and how to switch it on; what was measured stays.
      await page.route('**/api/load-tests', (route) =>
        route.fulfill({ json: { enabled: false, items: [] } satisfies LoadTestList }),
      );
      await page.reload();
      await page.getByText('Load tests are switched off here').waitFor();
      await page.getByText('LOAD_TESTS=on').waitFor();
      expect(await page.getByRole('button', { name: 'Start the load test' }).count()).toBe(0);
      await using viewer = await dashboard().open('viewer', '/load-test');
      await viewer.page.getByText('This is for operators').waitFor();
    });
  },
  { env: { LOAD_TESTS: 'on' } },
);
