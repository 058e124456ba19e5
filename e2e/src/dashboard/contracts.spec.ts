import { allContracts } from '@lovage/contracts';
import { eventually } from '@lovage/testing';
import type { ContractCheckDocument, TaskDocument } from '@lovage/http-api';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describeInBrowser } from './kit/describe-in-browser.ts';
import { PASSWORD } from './kit/dashboard.ts';
import { PHONE } from './kit/visit.ts';

/** The name of what has the focus, as it is read out. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : undefined;
    return label ?? element?.getAttribute('aria-label') ?? element?.textContent ?? '';
  });
/** Tab until it has the focus. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let n = 0; n < 80; n += 1) {
    const now = (await focused(page)).trim();
    if (typeof name === 'string' ? now === name : name.test(now)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way to ${String(name)} by Tab`);
}
const run = (page: Page, name: string) => page.getByRole('button', { name: `Run ${name}` });
const submitted = (page: Page) => page.getByRole('list', { name: 'Submitted tasks' }).getByRole('link');

/** By keys, as a person writes: filling it from outside makes the browser style what it merges, of which the policy complains. */
async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Input as JSON' }).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

describeInBrowser('contracts', (dashboard) => {
  const rest = () => dashboard().platform.rest;
  const idOf = async (page: Page): Promise<string> => (await submitted(page).first().textContent()) ?? '';

  test('keyboard alone: find a contract, run it, open the task, run it again', async () => {
    await using visit = await dashboard().open('operator', '/overview');
    const { page } = visit;
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.getByRole('heading', { level: 1, name: 'Contracts' }).waitFor();
    await page.getByRole('link', { name: 'math.add' }).waitFor();
    await page.keyboard.press('f');
    await page.keyboard.type('divide');
    await page.getByRole('link', { name: 'math.add' }).waitFor({ state: 'detached' });
    await tabTo(page, 'math.divide');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'math.divide' }).waitFor();
    await run(page, 'math.divide').waitFor();
    await tabTo(page, 'X');
    await page.keyboard.type('1');
    await page.keyboard.press('Tab');
    await page.keyboard.type('zero');
    // In the words of the gateway, while one types.
    await page.getByText('expected number, received string').first().waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('0');
    await page.keyboard.press('Control+Enter');
    await submitted(page).waitFor();
    const id = await idOf(page);
    await page.getByRole('list', { name: 'Submitted tasks' }).getByText('Failure').waitFor();
    await tabTo(page, id);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Run again', exact: true }).waitFor();
    expect(visit.path).toBe(`/tasks/${id}`);
    await tabTo(page, 'Run again');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'Run the task again');
    await page.keyboard.press('Enter');
    await eventually(() => Promise.resolve(visit.path === `/tasks/${id}` ? undefined : true));
    const again = await rest().ended(visit.path.slice('/tasks/'.length).split('?')[0]!);
    expect(again).toMatchObject({ retriedFrom: id, state: 'FAILURE', input: { x: 1, y: 0 } });
  });

  test('the images that a task made are shown beside its result', async () => {
    const picture = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#2f7d4f' } })
      .png()
      .toBuffer();
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(picture)]), 'leaf.png');
    expect((await rest().ask('/api/files?path=photos/leaf.png', { body: form })).status).toBe(201);
    const input = { source: { path: 'photos/leaf.png' }, sizes: [{ width: 96 }, { height: 40 }] };
    const { id } = await rest().accepted('image.thumbnail', input);
    expect(await rest().ended(id)).toMatchObject({ state: 'SUCCESS' });
    await using visit = await dashboard().open('viewer', `/tasks/${id}`);
    const images = visit.page.getByRole('list', { name: 'Images' }).getByRole('img');
    await images.nth(1).waitFor();
    await eventually(async () => {
      const drawn = await images.evaluateAll((all) =>
        (all as HTMLImageElement[]).map(({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight]),
      );
      return JSON.stringify(drawn) === '[[96,64],[60,40]]';
    });
    expect(await visit.axe()).toEqual([]);
  });

  test('a form of unions, lists and optional fields is the JSON beside it, and loses nothing', async () => {
    await using visit = await dashboard().open('operator', '/contracts/image.thumbnail');
    const { page } = visit;
    const group = (name: string) => page.getByRole('group', { name, exact: true });
    await group('Source').getByLabel('Url').fill('https://example.org/a.jpg');
    await group('Source').getByLabel('Kind of source').selectOption('path');
    await group('Source').getByLabel('Path').fill('photos/<b>.jpg');
    await group('Source').getByLabel('Kind of source').selectOption('url');
    expect(await group('Source').getByLabel('Url').inputValue()).toBe('https://example.org/a.jpg');
    await group('Source').getByLabel('Kind of source').selectOption('path');
    await group('Sizes 1').getByLabel('Width').fill('5000');
    await page.getByText('expected number to be <=4096').first().waitFor();
    await group('Sizes 1').getByLabel('Width').fill('320');
    await page.getByRole('button', { name: 'Add to sizes' }).click();
    await group('Sizes 2').getByLabel('Height').fill('64');
    await page.getByLabel('Fit (optional)').selectOption('cover');
    const editor = page.getByRole('textbox', { name: 'Input as JSON' });
    const wanted = { source: { path: 'photos/<b>.jpg' }, sizes: [{ width: 320 }, { height: 64 }], fit: 'cover' };
    const json = async (): Promise<unknown> => {
      const lines = await editor.locator('.cm-line').allTextContents();
      return JSON.parse(lines.join('\n'));
    };
    await eventually(async () => (JSON.stringify(await json()) === JSON.stringify(wanted) ? true : undefined));
    // What the JSON says the form shows; while it is none, the form waits and both keep what they have.
    await write(page, '{ "source": { "url": "https://example.org/b.jpg" }, "sizes": [{ "width": 1 }], "fit": ');
    await page.getByText('The form waits until the JSON can be read').waitFor();
    expect(await page.getByLabel('Fit (optional)').isDisabled()).toBe(true);
    await visit.page.reload();
    await page.getByText('The form waits until the JSON can be read').waitFor();
    await write(
      page,
      '{ "source": { "url": "https://example.org/b.jpg" }, "sizes": [{ "width": 1 }], "fit": "inside" }',
    );
    expect(await group('Source').getByLabel('Url').inputValue()).toBe('https://example.org/b.jpg');
    expect(await page.getByLabel('Fit (optional)').inputValue()).toBe('0');
    await page.reload();
    await eventually(async () =>
      (await group('Source').getByLabel('Url').inputValue()) === 'https://example.org/b.jpg' ? true : undefined,
    );
    await page.getByRole('button', { name: 'Fill in the example' }).click();
    await page.getByRole('button', { name: 'Back to what was typed' }).click();
    expect(await group('Source').getByLabel('Url').inputValue()).toBe('https://example.org/b.jpg');
    await page.getByRole('tab', { name: 'curl' }).click();
    await page.getByRole('region', { name: 'curl command' }).getByText('/api/tasks/image.thumbnail').waitFor();
    expect(await visit.axeInBothThemes()).toEqual([]);
    await page.getByRole('tab', { name: 'TypeScript' }).click();
    await page.getByRole('region', { name: 'TypeScript' }).getByText("contracts.get('image.thumbnail')").waitFor();
  });

  test('each contract’s example goes through the form and passes the gateway; other screens of it hold', async () => {
    await using visit = await dashboard().open('operator', '/contracts');
    const { page } = visit;
    const found: string[] = [];
    for (const { name, input } of allContracts) {
      const filled = JSON.stringify((input.meta()?.['examples'] as unknown[])[0]);
      // Of an input without fields the example is what the form begins with.
      const isEmpty = filled === '{}';
      const answer = page.waitForResponse(
        (response) => response.url().endsWith('/check') && response.request().postData() === `{"input":${filled}}`,
      );
      await visit.go(`/contracts/${name}`);
      if (!isEmpty) await page.getByRole('button', { name: 'Fill in the example' }).click();
      const { errors } = (await (await answer).json()) as ContractCheckDocument;
      if (errors.length > 0) found.push(`${name}: ${JSON.stringify(errors)}`);
      if (await page.getByRole('button', { name: /^Replace / }).count()) found.push(`${name}: a part is not shown`);
    }
    expect(found).toEqual([]);
    for (const tab of ['schemas', 'stats']) {
      await visit.go(`/contracts/math.add?tab=${tab}`);
      await visit.loaded();
      expect(await visit.axeInBothThemes()).toEqual([]);
    }
    await page.setViewportSize(PHONE);
    for (const path of ['/contracts/mail.send', '/contracts/math.add?tab=schemas', '/contracts/math.add?tab=stats']) {
      await visit.go(path);
      expect(
        await page.evaluate(() => document.querySelector('#content')!.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
    }
  });

  test('numbers keep their digits, options count, and recent inputs are text', async () => {
    const hostile = `<img src=x onerror="document.title='hit'">`;
    await rest().ended((await rest().accepted('demo.wait_and_return', { seconds: 0, value: hostile })).id);
    await using visit = await dashboard().open('operator', '/contracts/demo.wait_and_return');
    const { page } = visit;
    await page.getByRole('button', { name: 'Recent inputs' }).click();
    await page.getByRole('menuitem', { name: 'onerror' }).click();
    expect(await page.getByRole('textbox', { name: 'Value' }).inputValue()).toBe(hostile);
    await page.getByLabel('Kind of value').selectOption('Number');
    await page.getByRole('textbox', { name: 'Value' }).fill('9007199254740993');
    await page.locator('summary', { hasText: 'Options' }).click();
    // This contract takes no whole number that a double cannot hold: it is told, and stays as it was typed.
    await page.getByText('9007199254740993').first().waitFor();
    await page.getByRole('alert').first().waitFor();
    expect(await page.getByRole('textbox', { name: 'Value' }).inputValue()).toBe('9007199254740993');
    await page.getByRole('textbox', { name: 'Value' }).fill('1.5');
    await page.getByLabel('Tags').fill('by-hand, form');
    await page.getByLabel('Delay').fill('soon');
    await page.getByText('must be seconds as a number').waitFor();
    await run(page, 'demo.wait_and_return').click();
    await page.getByText('1 thing to mend').waitFor();
    await page.getByLabel('Delay').fill('1h');
    await page.getByText('1 thing to mend').waitFor({ state: 'detached' });
    await run(page, 'demo.wait_and_return').click();
    await submitted(page).waitFor();
    const task = (await rest().ask(`/api/tasks/${await idOf(page)}`)).json<TaskDocument>();
    expect(task).toMatchObject({ state: 'SCHEDULED', input: { seconds: 0, value: 1.5 } });
    expect(task.tags).toEqual(expect.arrayContaining(['by-hand', 'form']));
    expect(await page.title()).not.toBe('hit');

    // Who signs out leaves nothing that was typed.
    await using leaves = await dashboard().stranger('/sign-in?back=/contracts/text.process_word');
    await leaves.signIn(dashboard().emailOf('operator'), PASSWORD);
    await leaves.page.getByRole('textbox', { name: 'Word' }).fill('a secret word');
    const keptTexts = () => leaves.page.evaluate(() => JSON.stringify({ ...sessionStorage }));
    await eventually(async () => ((await keptTexts()).includes('a secret word') ? true : undefined));
    await leaves.page.getByRole('button', { name: 'Me', exact: true }).click();
    await leaves.page.getByRole('menuitem', { name: 'Sign out here' }).click();
    await leaves.page.getByRole('heading', { name: 'Sign in to Lovage' }).waitFor();
    expect(await keptTexts()).not.toContain('a secret word');

    await using viewer = await dashboard().open('viewer', '/contracts/math.add');
    await viewer.page.getByRole('tab', { name: 'Schemas and options' }).waitFor();
    expect(await viewer.page.getByRole('tab', { name: 'Run' }).count()).toBe(0);
  });
});
