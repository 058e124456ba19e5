import { eventually } from '@lovage/testing';
import type { Page } from 'playwright-core';
import { describeInBrowserOnBothShapes } from './kit/describe-in-browser.ts';
import type { Visit } from './kit/visit.ts';

const rows = (page: Page) =>
  page
    .getByRole('grid', { name: 'Tasks' })
    .getByRole('row')
    .filter({ has: page.getByRole('gridcell') });
const filter = (page: Page) => page.getByRole('combobox', { name: 'Filter of tasks' });
const q = (visit: Visit): string | null => new URL(visit.page.url()).searchParams.get('q');
const list = (text: string): string => `/tasks?${new URLSearchParams({ q: text }).toString()}`;

describeInBrowserOnBothShapes('tasks', (dashboard, _shape, once) => {
  const rest = () => dashboard().platform.rest;
  /** Submits with options; gives the id. */
  const submit = async (name: string, input: unknown, options: object = {}): Promise<string> => {
    const answer = await rest().ask(`/api/tasks/${name}`, { body: { input, options } });
    if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
    return answer.json<{ id: string }>().id;
  };

  once('a filter is completed, applied, kept in the URL, and comes back by back, reload and a link', async () => {
    const tags = ['filters'];
    const ids = [];
    for (const x of [41, 42]) ids.push(await submit('math.add', { x, y: 2 }, { tags }));
    ids.push(await submit('math.divide', { x: 42, y: 0 }, { tags }));
    for (const id of ids) await rest().ended(id);
    await using visit = await dashboard().open('operator', list('tag:filters'));
    const { page } = visit;
    await eventually(async () => ((await rows(page).count()) === 3 ? true : undefined));
    await page.keyboard.press('f');
    await page.keyboard.press('End');
    await page.keyboard.type(' name:math.d');
    await page.getByRole('option', { name: 'math.divide' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('input.');
    await page.getByRole('option', { name: 'input.y' }).waitFor();
    await page.keyboard.type('x:42');
    await page.keyboard.press('Enter');
    await eventually(async () => ((await rows(page).count()) === 1 ? true : undefined));
    expect(q(visit)).toBe('tag:filters name:math.divide input.x:42');
    await rows(page).getByText('DivisionByZero').waitFor();

    await filter(page).fill('tag:filters nam:x');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.getByText('there is no filter “nam”').waitFor();
    expect(q(visit)).toBe('tag:filters name:math.divide input.x:42');
    await filter(page).fill('tag:filters');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Failure' }).click();
    await eventually(async () => ((await rows(page).count()) === 1 ? true : undefined));
    expect(q(visit)).toBe('state:FAILURE tag:filters');
    await page.goBack();
    await eventually(async () => ((await rows(page).count()) === 3 ? true : undefined));
    expect(await filter(page).inputValue()).toBe('tag:filters');
    await page.reload();
    await eventually(async () => ((await rows(page).count()) === 3 ? true : undefined));
    await page.getByRole('button', { name: 'Success 2' }).waitFor();
    expect(await visit.axeInBothThemes()).toEqual([]);
    await visit.go(list('name:math.* tag:filters input.x:41'));
    await eventually(async () => ((await rows(page).count()) === 1 ? true : undefined));

    // Keys alone: down, select, a range, nothing selected, open, back to the list as it was.
    await visit.go(list('tag:filters'));
    await rows(page).first().focus();
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.keyboard.press('Shift+J');
    await page.getByText('2 tasks selected').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('2 tasks selected').waitFor({ state: 'detached' });
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'math.add' }).waitFor();
    expect(visit.path).toBe(`/tasks/${ids[1]}`);
    await page.goBack();
    await eventually(async () => ((await rows(page).count()) === 3 ? true : undefined));
  });

  test('two browsers see what one does: a new task waits behind a pill, and to revoke it ends its run', async () => {
    const text = 'name:demo.wait_and_return tag:watched';
    const first = await submit('demo.wait_and_return', { seconds: 300, value: 1 }, { tags: ['watched'] });
    await using operator = await dashboard().open('operator', list(text));
    await using viewer = await dashboard().open('viewer', list(text));
    for (const { page } of [operator, viewer]) await rows(page).getByText('Running').waitFor();
    const second = await submit('demo.wait_and_return', { seconds: 300, value: 2 }, { tags: ['watched'] });
    for (const { page } of [operator, viewer]) {
      await page.getByRole('button', { name: '1 new' }).waitFor();
      expect(await rows(page).count()).toBe(1);
      await page.getByRole('button', { name: '1 new' }).click();
      await eventually(async () => ((await rows(page).count()) === 2 ? true : undefined));
    }
    expect(await viewer.page.getByRole('checkbox').count()).toBe(0);

    await using task = await operator.tab(`/tasks/${second}`);
    await task.page.getByText('runs it').waitFor();
    await task.page.getByRole('button', { name: 'Revoke the task' }).click();
    await task.page.getByRole('textbox', { name: 'Reason' }).fill('not wanted <b>');
    await task.page.getByRole('button', { name: 'Stop and revoke the task' }).click();
    await task.page.getByRole('heading', { level: 1, name: 'Revoked' }).waitFor();
    expect(await rest().ended(second)).toMatchObject({
      state: 'REVOKED',
      error: { data: { reason: 'not wanted <b>' } },
    });
    for (const { page } of [operator, viewer]) await rows(page).getByText('Revoked').waitFor();

    // The other one from the list, by its selection.
    const { page } = operator;
    await rows(page).filter({ hasText: 'Running' }).getByRole('checkbox').click();
    await page.getByRole('region', { name: 'Selection' }).getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('picked by hand');
    await page.getByRole('button', { name: 'Revoke 1 task' }).click();
    expect((await rest().ended(first)).state).toBe('REVOKED');
    await eventually(async () => ((await rows(viewer.page).getByText('Revoked').count()) === 2 ? true : undefined));
    await viewer.go(`/tasks/${first}`);
    await viewer.page.getByText('It ended REVOKED').waitFor();
    expect(await viewer.page.getByRole('button', { name: /again|revoke/i }).count()).toBe(0);
  });

  once('a row in sight is told however many newer tasks come', async () => {
    const id = await submit('demo.wait_and_return', { seconds: 300, value: 'long' });
    await using visit = await dashboard().open('operator', list('name:demo.wait_and_return state:STARTED,REVOKED'));
    const row = rows(visit.page).filter({ hasText: 'Running' });
    await row.waitFor();
    const before = await rows(visit.page).count();
    await dashboard().platform.query(
      `insert into tasks (id, name, queue, state, input, root_id, started_at, finished_at)
       select i, 'demo.wait_and_return', 'default', 'REVOKED', '{}', i, now(), now()
       from (select gen_random_uuid() as i from generate_series(1, 300)) g`,
    );
    await visit.page.getByRole('button', { name: /new$|^Many changed$/ }).waitFor();
    await rest().ask(`/api/tasks/${id}/revoke`, { body: { terminate: true } });
    expect((await rest().ended(id)).state).toBe('REVOKED');
    await rows(visit.page).first().getByText('Revoked').waitFor();
    expect(await rows(visit.page).count()).toBe(before);
    await dashboard().platform.query(`delete from tasks where name = 'demo.wait_and_return' and input::text = '{}'`);
  });

  test('a task is followed live; one that failed is edited, told what is wrong by the gateway, and run again', async () => {
    const live = await submit('text.process_word', { word: 'step' });
    const logs = await submit('maintenance.prune_results', {});
    await using visit = await dashboard().open('operator', `/tasks/${logs}?tab=logs`);
    const { page } = visit;
    await page.getByRole('list', { name: 'Log' }).getByText('results past their retention were deleted').waitFor();
    await visit.go(`/tasks/${live}`);
    await page.getByRole('progressbar', { name: 'Progress' }).waitFor();

    const failed = await submit('math.divide', { x: 8, y: 0 });
    await rest().ended(failed);
    await visit.go(`/tasks/${failed}`);
    await page
      .getByRole('figure', { name: 'Timeline' })
      .getByRole('img', { name: /^Ran .*FAILURE: DivisionByZero/s })
      .waitFor();
    await page.getByRole('button', { name: 'Edit and run again' }).click();
    const editor = page.getByRole('textbox', { name: 'Input' });
    const write = async (text: string): Promise<void> => {
      await editor.click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(text);
    };
    await write('{"x": 8, "y": ');
    await page.getByText('This is no JSON yet').waitFor();
    // It says so while one types; nothing is sent to be run.
    const retries: string[] = [];
    page.on('request', (request) => request.url().endsWith('/retry') && retries.push(request.url()));
    await write('{"x": 8, "y": "two"}');
    const wrong = page.getByRole('dialog').getByRole('status');
    await wrong.getByText('input.y').waitFor();
    const run = page.getByRole('button', { name: 'Run with this input' });
    expect(await run.isDisabled()).toBe(true);
    await page.keyboard.press('Control+Enter');
    expect(await visit.axe()).toEqual([]);
    // Each digit is sent as it was typed.
    const sent = page.waitForRequest((request) => request.url().endsWith('/check'));
    await write('{"x": 12345678901234567891, "y": 2}');
    expect((await sent).postData()).toContain('12345678901234567891');
    await wrong.getByText('input.x').waitFor();
    expect(retries).toEqual([]);
    await write('{"x": 8, "y": 2}');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { level: 1, name: 'Success' }).waitFor();
    const again = visit.path.split('/').at(-1)!;
    expect(await rest().task(again)).toMatchObject({ retriedFrom: failed, result: 4, input: { x: 8, y: 2 } });
    await page.getByRole('link', { name: failed }).click();
    await page.getByText('Run again as').waitFor();
    await page.getByRole('tab', { name: 'Attempts' }).click();
    expect(visit.path).toBe(`/tasks/${failed}?tab=attempts`);
    await page.getByText('1 divided by zero').or(page.getByText('divided by zero')).first().waitFor();
    await page.reload();
    await page.getByRole('tab', { name: 'Attempts', selected: true }).waitFor();

    // The one that was followed has ended meanwhile; its page says so without being read anew.
    await rest().ended(live);
  });

  test('the order is chosen and kept by the URL; picked tasks are deleted by a job, if one may', async () => {
    const tags = ['ordered'];
    const slow = await submit('demo.wait_and_return', { seconds: 2, value: 1 }, { tags });
    const [quick, third] = [
      await submit('math.add', { x: 1, y: 2 }, { tags }),
      await submit('math.divide', { x: 1, y: 0 }, { tags }),
    ];
    await rest().ended(third);
    for (const id of [quick, slow]) await rest().ended(id);
    await dashboard().platform.query(
      `update tasks t set finished_at = now() - o.ago * interval '1 s'
       from unnest($1::uuid[], $2::int[]) as o(id, ago) where t.id = o.id`,
      [
        [slow, quick, third],
        [1, 3, 2],
      ],
    );
    await using visit = await dashboard().open('admin', list('tag:ordered'));
    const { page } = visit;
    const shows = (...ids: string[]) =>
      eventually(async () => {
        const shown = await rows(page)
          .locator('code[title]')
          .evaluateAll((codes) => codes.map((code) => (code as unknown as { title: string }).title));
        return shown.filter((title) => ids.includes(title)).join() === ids.join() ? true : undefined;
      });
    const choose = async (order: string): Promise<void> => {
      await page.getByRole('button', { name: 'Order of the list' }).click();
      await page.getByRole('menuitemradio', { name: order }).click();
      await page.keyboard.press('Escape');
    };
    await shows(third, quick, slow);
    await choose('Made first');
    await shows(slow, quick, third);
    expect(new URL(page.url()).searchParams.get('sort')).toBe('oldest');
    await page.reload();
    await shows(slow, quick, third);
    expect(await visit.axe()).toEqual([]);
    await page.getByRole('columnheader', { name: 'Created' }).getByRole('button').click();
    await shows(third, quick, slow);
    expect(new URL(page.url()).searchParams.get('sort')).toBeNull();
    await choose('Ended last');
    await shows(slow, third, quick);
    await page.getByRole('columnheader', { name: 'Ended' }).waitFor();
    await page.goBack();
    await shows(third, quick, slow);

    await using operator = await dashboard().open('operator', list('tag:ordered'));
    await rows(operator.page).first().getByRole('checkbox').click();
    const offered = operator.page.getByRole('region', { name: 'Selection' });
    await offered.getByRole('button', { name: 'Run again' }).waitFor();
    expect(await offered.getByRole('button', { name: 'Delete' }).count()).toBe(0);

    for (const name of ['math.add', 'math.divide'])
      await rows(page).filter({ hasText: name }).getByRole('checkbox').click();
    await page.getByRole('region', { name: 'Selection' }).getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete 2 tasks?' });
    await dialog.getByText('gone for good').waitFor();
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('picked by hand');
    await dialog.getByRole('button', { name: 'Delete 2 tasks' }).click();
    await page.getByRole('region', { name: 'Bulk jobs' }).getByText('2 deleted').waitFor();
    for (const id of [quick, third]) expect((await rest().ask(`/api/tasks/${id}`)).status).toBe(404);
    expect((await rest().task(slow)).state).toBe('SUCCESS');
  });

  test('all that match are revoked by a job whose progress is seen; a view is saved and shared', async () => {
    const tasks = Array.from({ length: 350 }, (_, x) => ({
      ...{ name: 'math.add', input: { x, y: 1 }, options: { delay: '1h', tags: ['bulk'] } },
    }));
    expect((await rest().ask('/api/tasks/batch', { body: { tasks } })).status).toBe(200);
    await using visit = await dashboard().open('operator', list('tag:bulk state:SCHEDULED'));
    const { page } = visit;
    await page.getByRole('button', { name: 'Scheduled 350' }).waitFor();
    // To open one and go back leads to the same place of the list.
    const top = () => page.locator('[data-scrolls]').evaluate((element) => element.scrollTop);
    await rows(page).first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('End');
    await eventually(async () => ((await top()) > 1000 ? true : undefined));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'math.add' }).waitFor();
    await page.goBack();
    await eventually(async () => ((await top()) > 1000 ? true : undefined));
    await page.getByRole('checkbox', { name: 'Select all rows that are loaded' }).click();
    await page.getByRole('button', { name: 'Select all 350 matching' }).click();
    await page.getByRole('region', { name: 'Selection' }).getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog', { name: 'Revoke 350 tasks?' }).waitFor();
    expect(await visit.axe()).toEqual([]);
    await page.getByRole('textbox', { name: 'Reason' }).fill('made by mistake');
    await page.getByRole('button', { name: 'Revoke 350 tasks' }).click();
    const jobs = page.getByRole('region', { name: 'Bulk jobs' });
    await jobs.getByText('“made by mistake”').waitFor();
    await jobs.getByText('350 revoked').waitFor();
    const { states } = (await rest().ask('/api/tasks/counts?tag=bulk')).json<{ states: Record<string, number> }>();
    expect(states).toMatchObject({ REVOKED: 350, SCHEDULED: 0 });

    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Save this view' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Mistakes <i>');
    await page.getByRole('checkbox', { name: 'Others see it too' }).click();
    await page.getByRole('button', { name: 'Save the view' }).click();
    await page.getByRole('button', { name: 'Mistakes <i>' }).waitFor();
    await using viewer = await dashboard().open('viewer', '/tasks');
    await viewer.page.getByRole('button', { name: 'Views' }).click();
    await viewer.page.getByRole('menuitem', { name: 'Mistakes <i>' }).click();
    await viewer.page.getByText('No task matches the filter').waitFor();
    expect(q(viewer)).toBe('tag:bulk state:SCHEDULED');
  });

  once('hostile content shows as text; families and attempts are drawn', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const parent = await submit(
      'demo.wait_and_return',
      { seconds: 0, value: { text: evil, ['<b>key']: 1 } },
      { tags: [evil] },
    );
    await rest().ended(parent);
    const child = '01a20000-0000-7000-8000-000000000001';
    await dashboard().platform.query(
      `insert into tasks (id, name, queue, state, worker, input, error, parent_id, root_id, created_at, started_at, finished_at)
       values ($1, $2, $2, 'FAILURE', $2, $3, $4, $5, $5, now() - interval '1 min', now() - interval '50 s', now())`,
      [child, evil, JSON.stringify({ evil }), JSON.stringify({ type: evil, message: evil, stack: evil }), parent],
    );
    await using visit = await dashboard().open('operator', list(`root:${parent}`));
    const { page } = visit;
    await eventually(async () => ((await rows(page).count()) === 2 ? true : undefined));
    await rows(page).getByText(evil).first().waitFor();
    await visit.go(`/tasks/${child}`);
    await page.getByRole('heading', { level: 1, name: evil }).waitFor();
    await page.getByText('Stack').click();
    for (const tab of ['Attempts', 'Data', 'Family'] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('tab', { name: tab, selected: true }).waitFor();
      if (tab === 'Family')
        await page.getByRole('group', { name: 'Graph of the family' }).getByRole('link').nth(1).waitFor();
      expect(await visit.axe()).toEqual([]);
    }
    await page
      .getByRole('group', { name: 'Graph of the family' })
      .getByRole('link', { name: 'demo.wait_and_return' })
      .click();
    await page.getByRole('heading', { level: 1, name: 'demo.wait_and_return' }).waitFor();
    await page.getByRole('tab', { name: 'Data' }).click();
    await page.getByText('<b>key').first().waitFor();
    expect(await page.locator('img[src="x"], #root script, #root b, #root i').count()).toBe(0);
    expect(await page.title()).not.toMatch(/^[12]$/);
  });
});
