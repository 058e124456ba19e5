import type { Page } from 'playwright-core';
import { describeInBrowser } from './kit/describe-in-browser.ts';
import { PASSWORD } from './kit/dashboard.ts';
import { PHONE } from './kit/visit.ts';

/** Each screen and who sees it in the navigation. */
const SCREENS = [
  ['/overview', 'Overview', 'viewer'],
  ['/tasks', 'Tasks', 'viewer'],
  ['/queues', 'Queues', 'viewer'],
  ['/workers', 'Workers', 'viewer'],
  ['/schedules', 'Schedules', 'viewer'],
  ['/contracts', 'Contracts', 'viewer'],
  ['/limits', 'Limits', 'viewer'],
  ['/failures', 'Failures', 'viewer'],
  ['/dead-letters', 'Dead letters', 'viewer'],
  ['/load-test', 'Load test', 'operator'],
  ['/admin', 'Admin', 'admin'],
] as const;
const ROLES = ['viewer', 'operator', 'admin'] as const;

/** What reaches beyond the window, the innermost of it. */
const sticksOut = (page: Page): Promise<string> =>
  page.evaluate(
    () =>
      [...document.querySelectorAll('body *')]
        .findLast((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
        ?.outerHTML.slice(0, 200) ?? 'nothing',
  );

describeInBrowser('the frame of the dashboard', (dashboard) => {
  test.each(ROLES)('%s signs in, sees what the role may, and a reload keeps the session', async (role) => {
    await using visit = await dashboard().open(role);
    const { page } = visit;
    const names = await page.getByRole('navigation', { name: 'Screens' }).first().getByRole('listitem').allInnerTexts();
    const may = ROLES.slice(0, ROLES.indexOf(role) + 1) as readonly string[];
    expect(names.map((name) => name.split('\n')[0])).toEqual(
      SCREENS.filter(([, , needed]) => may.includes(needed)).map(([, name]) => name),
    );
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(await page.evaluate(() => [document.cookie, JSON.stringify(localStorage)].join())).not.toMatch(/lvr_|eyJ/);
  });

  test('each screen renders by a link from elsewhere, without a violation of axe in either theme, and fits a phone', async () => {
    const found: string[] = [];
    await using visit = await dashboard().open('admin');
    const { page } = visit;
    for (const [path, name] of SCREENS) {
      await visit.go(path);
      await page.getByRole('heading', { level: 1, name }).waitFor();
      // What is still loading is no finished screen.
      await visit.loaded();
      found.push(...(await visit.axeInBothThemes()).map((line) => `${path} ${line}`));
      await page.setViewportSize(PHONE);
      const overflow = await page.evaluate(() => {
        const content = document.querySelector('#content');
        return [document.documentElement.scrollWidth - innerWidth, content!.scrollWidth - content!.clientWidth];
      });
      if (overflow.some((px) => px > 0))
        found.push(`${path} scrolls sideways on a phone by ${overflow} px: ${await sticksOut(page)}`);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    expect(found).toEqual([]);
  }, 180_000);

  test('a stranger is led to the sign-in and from there to where the link led; a wrong password is told', async () => {
    await using visit = await dashboard().stranger('/queues?x=1');
    const { page } = visit;
    await page.getByRole('heading', { name: 'Sign in to Lovage' }).waitFor();
    visit.expect(/status of 401/);
    await page.getByLabel('E-mail').fill(dashboard().emailOf('viewer'));
    await page.getByLabel('Password').fill('wrong password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('E-mail or password is wrong').waitFor();
    expect(await visit.axe()).toEqual([]);
    await visit.signIn(dashboard().emailOf('viewer'), PASSWORD);
    await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
    expect(visit.path).toBe('/queues?x=1');

    // Signing out ends the session in the browser's other tabs too, and no page can take it up again.
    await using other = await visit.tab('/workers');
    await page.getByRole('button', { name: 'Me', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Sign out here' }).click();
    for (const one of [page, other.page]) await one.getByRole('heading', { name: 'Sign in to Lovage' }).waitFor();
    await page.goto(`${dashboard().url}/workers`);
    await page.getByRole('heading', { name: 'Sign in to Lovage' }).waitFor();
  });

  test('a session that ends in the middle leads to the sign-in and back', async () => {
    await using visit = await dashboard().stranger('/sign-in');
    const { page } = visit;
    await visit.signIn(dashboard().emailOf('viewer'), PASSWORD);
    await page.getByRole('link', { name: 'Limits' }).click();
    await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
    visit.expect(/status of 401/);
    // As a password or role that is changed by someone else does.
    await dashboard().platform.query(`update users set epoch = epoch + 1 where email = $1`, [
      dashboard().emailOf('viewer'),
    ]);
    await dashboard().platform.query(
      `delete from refresh_tokens where user_id = (select id from users where email = $1)`,
      [dashboard().emailOf('viewer')],
    );
    await page.getByText('Your session has ended').waitFor();
    await visit.signIn(dashboard().emailOf('viewer'), PASSWORD);
    await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  });

  test('keys and search: g t, /, a pasted task id, ?', async () => {
    const { id } = await dashboard().platform.rest.accepted('math.add', { x: 1, y: 2 });
    await using visit = await dashboard().open('operator');
    const { page } = visit;
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await page.getByRole('heading', { level: 1, name: 'Workers' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('Go to queues').waitFor();
    expect(await visit.axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page.getByRole('combobox', { name: 'Search or jump' }).fill('limi');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
    for (const [name, path] of [
      ['math.divide', '/contracts/math.divide'],
      ['default', '/queues/default'],
    ] as const) {
      await page.keyboard.press('/');
      await page.getByRole('combobox', { name: 'Search or jump' }).fill(name);
      await page.getByRole('option', { name: new RegExp(`^${name}`) }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      expect(visit.path).toBe(path);
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
    }
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or jump' }).fill(`taskId=${id}`);
    await page.getByRole('option', { name: id }).waitFor();
    expect(await visit.axe()).toEqual([]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'math.add' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.setData('text', text);
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    }, `see ${id} please`);
    await page.getByRole('heading', { level: 1, name: 'math.add' }).waitFor();
    expect(visit.path).toBe(`/tasks/${id}`);
  });

  test('each state has a shape of its own, for who sees no colours', async () => {
    await using visit = await dashboard().open('operator', '/tasks');
    const icons = visit.page.getByRole('navigation', { name: 'States' }).locator('svg');
    await icons.first().waitFor();
    const [drawn, colours] = await icons.evaluateAll((all) => [
      all.map((one) => one.innerHTML),
      all.map((one) => getComputedStyle(one).color),
    ]);
    expect(new Set(drawn).size).toBe(8);
    expect(new Set(colours).size).toBe(8);
  });

  test('to sign out everywhere ends the session of another browser too, and no other user’s', async () => {
    await using here = await dashboard().stranger('/sign-in');
    await using there = await dashboard().stranger('/sign-in');
    await using other = await dashboard().open('operator', '/queues');
    for (const { page } of [here, there]) {
      await page.getByLabel('E-mail').fill(dashboard().emailOf('viewer'));
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: 'Workers', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Workers' }).waitFor();
    }
    // Its stream and its next question are refused.
    there.expect(/status of 401/);
    await here.page.getByRole('button', { name: 'Me', exact: true }).click();
    await here.page.getByRole('menuitem', { name: 'Sign out everywhere' }).click();
    await here.page.getByRole('heading', { name: 'Sign in to Lovage' }).waitFor();
    await there.page.getByText('Your session has ended').waitFor();
    await there.signIn(dashboard().emailOf('viewer'), PASSWORD);
    await there.page.getByRole('heading', { level: 1, name: 'Workers' }).waitFor();
    await other.page.reload();
    await other.page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
  });
});
