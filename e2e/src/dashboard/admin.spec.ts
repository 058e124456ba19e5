import { eventually } from '@lovage/testing';
import { describeInBrowser } from './kit/describe-in-browser.ts';
import { PASSWORD } from './kit/dashboard.ts';
import { PHONE } from './kit/visit.ts';

describeInBrowser('admin', (dashboard) => {
  test('a user is created, may sign in, gets another role at once, and is removed', async () => {
    await using visit = await dashboard().open('admin', '/admin');
    const { page } = visit;
    const row = page.getByRole('row').filter({ hasText: 'new@example.org' });
    await page.getByRole('button', { name: 'Create a user' }).click();
    const dialog = page.getByRole('dialog');
    visit.expect(/status of 422/, /status of 409/);
    await dialog.getByLabel('E-mail').fill('new@example.org');
    await dialog.getByLabel('Password').fill('short');
    await dialog.getByRole('button', { name: 'Create the user' }).click();
    await dialog.getByRole('alert').waitFor();
    expect(await visit.axe()).toEqual([]);
    await dialog.getByLabel('Password').fill(PASSWORD);
    await dialog.getByLabel('Name (optional)').fill('<b>Ana</b>');
    await dialog.getByRole('button', { name: 'Create the user' }).click();
    await row.getByText('<b>Ana</b>').waitFor();

    await using other = await dashboard().stranger('/sign-in');
    await other.signIn('new@example.org', PASSWORD);
    expect(await other.page.getByRole('link', { name: 'Load test' }).count()).toBe(0);
    await row.getByRole('button', { name: 'Edit new@example.org' }).click();
    await dialog.getByLabel('Role').selectOption('operator');
    await dialog.getByRole('button', { name: 'Save the user' }).click();
    await row.getByText('Operator').waitFor();
    // Another role ends what was signed in with the first.
    other.expect(/status of 401/);
    await other.page.reload();
    await other.signIn('new@example.org', PASSWORD);
    await other.page.getByRole('link', { name: 'Load test' }).waitFor();
    // An address typed by hand offers nothing either, and the gateway would refuse it.
    await other.go('/admin');
    await other.page.getByText('This is for administrators').waitFor();

    await page.getByRole('tab', { name: 'Sessions' }).click();
    await page
      .getByRole('row')
      .filter({ hasText: 'new@example.org' })
      .getByRole('button', { name: 'End session' })
      .click();
    await dialog.getByRole('button', { name: 'End the session' }).click();
    await page.getByRole('row').filter({ hasText: 'new@example.org' }).waitFor({ state: 'detached' });
    await other.page.reload();
    await other.page.getByRole('heading', { name: 'Sign in to Lovage' }).waitFor();

    await page.getByRole('tab', { name: 'Users' }).click();
    await row.getByRole('button', { name: 'Remove new@example.org' }).click();
    await dialog.getByText('Their sessions end').waitFor();
    await dialog.getByRole('button', { name: 'Remove the user' }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Audit log' }).click();
    await page.getByLabel('What').selectOption('user.*');
    const done = page.getByRole('grid', { name: 'Audit log' }).getByRole('gridcell');
    for (const action of ['user.remove', 'user.update', 'user.create'])
      await done.filter({ hasText: action }).first().waitFor();
    expect(await done.filter({ hasText: 'auth.login' }).count()).toBe(0);
    expect(visit.path).toBe('/admin?tab=audit&action=user.*');
  });

  test('a user is disabled, which ends what is signed in, and enabled again', async () => {
    await using visit = await dashboard().open('admin', '/admin');
    const { page } = visit;
    const { platform } = dashboard();
    await platform.rest.ask('/api/users', { body: { email: 'off@example.org', password: PASSWORD, role: 'operator' } });
    await using other = await dashboard().stranger('/sign-in');
    await other.signIn('off@example.org', PASSWORD);
    await page.getByRole('tab', { name: 'Sessions' }).click();
    await page.getByRole('tab', { name: 'Users' }).click();
    await page.reload();
    const row = page.getByRole('row').filter({ hasText: 'off@example.org' });
    const dialog = page.getByRole('dialog');
    expect(await page.getByRole('button', { name: `Disable ${dashboard().emailOf('admin')}` }).count()).toBe(0);
    await row.getByRole('button', { name: 'Disable off@example.org' }).click();
    await dialog.getByText('neither password nor API key').waitFor();
    expect(await visit.axeInBothThemes()).toEqual([]);
    // Its page asks again and again, also before it is loaded anew.
    other.expect(/status of 401/, /status of 403/);
    await dialog.getByRole('button', { name: 'Disable the user' }).click();
    await row.getByText('disabled').waitFor();
    expect(await visit.axeInBothThemes()).toEqual([]);

    await other.page.reload();
    await other.page.getByRole('heading', { name: 'Sign in to Lovage' }).waitFor();
    await other.page.getByLabel('E-mail').fill('off@example.org');
    await other.page.getByLabel('Password').fill(PASSWORD);
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    await other.page.getByText('ask one to enable it').waitFor();

    await row.getByRole('button', { name: 'Enable off@example.org' }).click();
    await dialog.getByRole('button', { name: 'Enable the user' }).click();
    await row.getByRole('button', { name: 'Disable off@example.org' }).waitFor();
    await other.signIn('off@example.org', PASSWORD);
    await platform.query("delete from users where email = 'off@example.org'");
  });

  test('an API key is shown once, works, and stops when it is revoked', async () => {
    await using visit = await dashboard().open('admin', '/admin?tab=keys');
    const { page } = visit;
    await page.getByRole('button', { name: 'Create an API key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('<i>billing</i>');
    await dialog.getByRole('button', { name: 'Create the key' }).click();
    const key = (await dialog.getByRole('region', { name: 'API key' }).textContent()) ?? '';
    expect(key).toMatch(/^lv/);
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('button', { name: 'I have kept the key' }).click();
    const row = page.getByRole('row').filter({ hasText: '<i>billing</i>' });
    await row.waitFor();
    expect(await page.content()).not.toContain(key);
    await page.reload();
    await row.waitFor();
    expect(
      await page.evaluate(() => document.body.innerText + JSON.stringify({ ...localStorage, ...sessionStorage })),
    ).not.toContain(key);
    const { url } = dashboard().platform.rest;
    const status = async (): Promise<number> =>
      (await fetch(`${url}/api/contracts`, { headers: { 'x-api-key': key } })).status;
    expect(await status()).toBe(200);
    await row.getByRole('button', { name: 'Revoke <i>billing</i>' }).click();
    await dialog.getByRole('button', { name: 'Revoke the key' }).click();
    await row.getByText('revoked').waitFor();
    await eventually(async () => ((await status()) === 401 ? true : undefined));
  });

  test('the log is read page by page; files are deleted; each tab passes axe and fits a phone', async () => {
    const { platform } = dashboard();
    await platform.query(
      `insert into audit (id, action, target) select gen_random_uuid(), 'queue.pause', '<q>' || n from generate_series(1, 150) n`,
    );
    const form = new FormData();
    form.append('file', new Blob(['x']), 'a<b>.txt');
    const { url } = platform.rest;
    await using visit = await dashboard().open('admin', '/admin?tab=audit&action=queue.pause');
    const { page } = visit;
    await page.getByText('<q>').first().waitFor();
    await page.getByRole('button', { name: 'Show older entries' }).click();
    await page.getByText('That is all.').waitFor();
    expect(await page.getByRole('grid', { name: 'Audit log' }).getAttribute('aria-rowcount')).toBe('151');
    // Up to a day, which the URL keeps.
    await page.getByLabel('Up to').fill('2020-01-01');
    await page.getByText('Nothing of this kind was done').waitFor();
    expect(new URL(page.url()).searchParams.get('day')).toBe('2020-01-01');
    await page.reload();
    await page.getByText('Nothing of this kind was done').waitFor();
    await page.getByLabel('Up to').fill('');
    await page.getByText('<q>').first().waitFor();
    const login = await fetch(`${url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: dashboard().emailOf('operator'), password: PASSWORD }),
    });
    const { accessToken } = (await login.json()) as { accessToken: string };
    const upload = await fetch(`${url}/api/files?path=${encodeURIComponent('up/a b.txt')}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
      body: form,
    });
    expect(upload.status).toBe(201);
    await page.getByRole('tab', { name: 'Files' }).click();
    await page.getByRole('button', { name: 'Delete up/a b.txt' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the file' }).click();
    await page.getByText('There is no file').waitFor();
    for (const tab of ['users', 'keys', 'sessions', 'audit', 'files']) {
      await visit.go(`/admin?tab=${tab}`);
      await visit.loaded();
      expect(await visit.axeInBothThemes()).toEqual([]);
      await page.setViewportSize(PHONE);
      expect(
        await page.evaluate(() => document.querySelector('#content')!.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
  });
});
