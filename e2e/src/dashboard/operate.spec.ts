import type { Page } from 'playwright-core';
import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import type { DeadLetterDocument, DeadLetterList, FiringList, LimitDetail, QueueDocument } from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import { describeInBrowserOnBothShapes } from './kit/describe-in-browser.ts';
import { PHONE, type Visit } from './kit/visit.ts';

const HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script>';
const LIMITED = 'demo.wait_and_return';
const SCHEDULE = 'maintenance.prune_results';

const NAME = 'queues, workers, schedules, limits and dead letters in the dashboard';

describeInBrowserOnBothShapes(NAME, (dashboard, { queue }, once) => {
  const rest = () => dashboard().platform.rest;
  const json = async <T>(path: string): Promise<T> => (await rest().ask(path)).json<T>();
  const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });
  /** Presses a button of the dialog that asks, and waits until it is gone: it was done. */
  const confirm = async (page: Page, verb: string | RegExp): Promise<void> => {
    const button = page.getByRole('dialog').getByRole('button', { name: verb, exact: true });
    await button.click();
    await button.waitFor({ state: 'detached' });
  };

  test('a pause stops a queue until it is resumed; a purge ends what waits', async () => {
    await using visit = await dashboard().open('operator', '/queues');
    const { page } = visit;
    const line = row(page, queue);
    await line.getByText('Served').waitFor();
    await line.getByRole('button', { name: `What to do with ${queue}` }).click();
    await page.getByRole('menuitem', { name: 'Pause the queue' }).click();
    await page.getByLabel(/Reason/).fill(HOSTILE);
    expect(await visit.axe()).toEqual([]);
    await confirm(page, 'Pause the queue');
    await line.getByText('Paused').waitFor();
    // The worker has heard of it when it takes no deliveries any more.
    await eventually(async () => (await json<QueueDocument>(`/api/queues/${queue}`)).consumers === 0);
    const waits = await rest().accepted('math.add', { x: 1, y: 2 });
    await line.getByRole('link', { name: '1', exact: true }).waitFor();
    expect(await rest().task(waits.id)).toMatchObject({ startedAt: null, finishedAt: null });

    await line.getByRole('link', { name: queue }).click();
    await page.getByRole('note').getByText(HOSTILE).waitFor();
    await page.getByRole('button', { name: 'Resume the queue' }).click();
    await page.getByRole('dialog').getByText('1 task can start at once').waitFor();
    await confirm(page, 'Resume the queue');
    expect(await rest().ended(waits.id)).toMatchObject({ state: 'SUCCESS', result: 3 });

    await rest().ask(`/api/queues/${queue}/pause`, { body: {} });
    await eventually(async () => (await json<QueueDocument>(`/api/queues/${queue}`)).consumers === 0);
    const purged = await Promise.all([1, 2, 3].map((x) => rest().accepted('math.add', { x, y: x })));
    await page.getByRole('note').getByText('3 tasks wait').waitFor();
    await page.getByRole('button', { name: 'Purge the queue' }).click();
    await page.getByRole('dialog', { name: `Purge ${queue}: end 3 tasks that wait?` }).waitFor();
    await confirm(page, 'End 3 tasks');
    for (const { id } of purged) expect((await rest().task(id)).state).toBe('REVOKED');
    await rest().ask(`/api/queues/${queue}/resume`, { body: {} });
    await page.getByRole('button', { name: 'Pause the queue' }).waitFor();
  });

  once('a queue that nobody serves is told in words', async () => {
    const answer = await rest().ask('/api/tasks/math.add', {
      body: { input: { x: 1, y: 2 }, options: { queue: 'nobody' } },
    });
    // A queue that nobody has ever served is a mistake; one that a worker has served is not.
    expect(answer.status).toBe(422);
    await dashboard().platform.query(
      `insert into tasks (id, wire_id, name, queue, state, input, root_id, created_at)
       select $1, null, 'math.add', 'nobody', 'PENDING', '{"x":1,"y":2}', $1, now() - interval '1 min'`,
      [newId()],
    );
    await using visit = await dashboard().open('viewer', '/queues');
    const notice = visit.page.getByRole('note').filter({ hasText: 'Nobody takes from nobody' });
    await notice.getByText('WORKER_QUEUES=nobody').waitFor();
    await row(visit.page, 'nobody').getByText('No consumers').waitFor();
    await dashboard().platform.query(`delete from tasks where queue = 'nobody'`);
  });

  test('a schedule is run now, resumed and paused', async () => {
    await using visit = await dashboard().open('operator', '/schedules');
    const { page } = visit;
    const schedule = row(page, SCHEDULE);
    await schedule.getByText('Every 1 h').waitFor();
    // The platform of these tests starts with all of them paused.
    await schedule.getByText('Paused').waitFor();
    await schedule.getByRole('button', { name: `What to do with ${SCHEDULE}` }).click();
    await page.getByRole('menuitem', { name: 'Run it now' }).click();
    await confirm(page, 'Run it now');
    await page.getByText(`${SCHEDULE} fired`).waitFor();
    const [firing] = (await json<FiringList>(`/api/schedules/${SCHEDULE}/firings`)).items;
    expect(firing).toMatchObject({ trigger: 'manual' });
    expect(await rest().ended(firing!.taskId)).toMatchObject({ name: SCHEDULE, state: 'SUCCESS' });

    await schedule.getByRole('link', { name: SCHEDULE }).click();
    await page.getByRole('heading', { level: 1, name: SCHEDULE }).waitFor();
    const fired = row(page, 'a person');
    await fired.getByText('Success').waitFor();
    await page.getByRole('button', { name: 'Resume the schedule' }).click();
    await confirm(page, 'Resume the schedule');
    await page.getByRole('button', { name: 'Pause the schedule' }).waitFor();
    await eventually(
      async () =>
        (await page
          .getByRole('list')
          .getByText(/^\d{4}-\d\d-\d\d/)
          .count()) === 5,
    );
    expect(await json(`/api/schedules/${SCHEDULE}`)).toMatchObject({ paused: null });
    await page.getByRole('button', { name: 'Pause the schedule' }).click();
    await confirm(page, 'Pause the schedule');
    await page.getByRole('button', { name: 'Resume the schedule' }).waitFor();
  });

  test('a limit holds, says what a change does to what waits, and is removed', async () => {
    await using visit = await dashboard().open('operator', '/limits?tab=all');
    const { page } = visit;
    const detail = () => json<LimitDetail>(`/api/limits/${LIMITED}`);
    await page.getByRole('button', { name: `Change the limits of ${LIMITED}` }).click();
    await page.getByLabel('At once', { exact: true }).selectOption('value');
    await page.getByLabel('At once: tasks').fill('0');
    await page.getByRole('dialog').getByText('nothing starts until it is changed again').waitFor();
    expect(await visit.axe()).toEqual([]);
    await confirm(page, 'Change the limits');
    await row(page, LIMITED).getByText('none starts').waitFor();
    // A worker learns within two seconds that a contract without a limit has one: what it has started until then runs.
    await eventually(async () => {
      await rest().accepted(LIMITED, { seconds: 0, value: 1 });
      return (await detail()).waiting > 0;
    });
    const long: string[] = [];
    for (let n = 0; n < 3; n += 1) long.push((await rest().accepted(LIMITED, { seconds: 600, value: n })).id);
    await eventually(async () => (await detail()).waiting > 3);

    await page.getByRole('link', { name: LIMITED, exact: true }).click();
    await page.getByRole('note').getByText('Nothing starts.').waitFor();
    await page.getByRole('button', { name: 'Change the limits' }).click();
    await page.getByLabel('At once: tasks').fill('1');
    await page
      .getByRole('dialog')
      .getByText(/1 task of the \d+ that wait gets a slot at once/)
      .waitFor();
    await confirm(page, 'Change the limits');
    // Those before them end at once; of the long ones one runs, and it is told by whom.
    const runner = await eventually(async () => {
      const { holders, waiters } = await detail();
      return (
        holders.length === 1 && waiters.length === 2 && long.includes(holders[0]!.id) && (holders[0]!.worker ?? false)
      );
    });
    const holders = page.getByRole('grid', { name: 'Tasks that have slots' });
    await holders.getByRole('link', { name: /@/ }).waitFor();
    await eventually(
      async () => (await page.getByRole('grid', { name: 'Tasks that wait' }).getByRole('row').count()) === 3,
    );
    const states = await Promise.all(long.map(async (id) => (await rest().task(id)).state));
    expect(states.filter((state) => state === 'STARTED')).toHaveLength(1);

    await page.getByRole('button', { name: 'Remove what is set' }).click();
    await page.getByRole('dialog').getByText('2 tasks that wait for a slot can start at once').waitFor();
    await confirm(page, 'Remove what is set');
    for (const id of long) await eventually(async () => (await rest().task(id)).state === 'STARTED');

    // While they run: the worker that runs them shows each, with its age.
    await page.getByRole('link', { name: 'Workers' }).click();
    // One that was killed before may stand above it.
    await row(page, runner).getByRole('link').first().click();
    const tasks = page.getByRole('grid', { name: 'Tasks that it runs' });
    await eventually(async () => (await tasks.getByText(LIMITED).count()) === 3);
    await page.getByRole('grid', { name: 'Contracts that it serves' }).getByText('math.add').waitFor();
    await rest().ask('/api/tasks/revoke', { body: { ids: long, terminate: true } });
    for (const id of long) expect((await rest().ended(id)).state).toBe('REVOKED');
    await tasks.getByText(LIMITED).first().waitFor({ state: 'detached' });
  });

  test('a dead letter is read as text, edited and redriven; all of a group are redriven as a job, or deleted', async () => {
    const id = newId();
    await dashboard().publish([
      { headers: { task: 'math.add', id, note: HOSTILE }, body: '[[1, 2]]' },
      { headers: { task: HOSTILE, id: newId() }, body: `[${HOSTILE}` },
    ]);
    const dead = await eventually(async () => {
      const { items } = await json<DeadLetterList>('/api/dead-letters');
      return items.length === 2 && items;
    });
    await using visit = await dashboard().open('operator', '/dead-letters');
    const { page } = visit;
    await page.getByRole('region', { name: 'By reason' }).getByText('2 messages').waitFor();
    await page.getByText(HOSTILE).first().waitFor();
    const { id: deadLetter } = dead.find(({ taskId }) => taskId === id)!;
    await visit.go(`/dead-letters/${deadLetter}`);
    await page.getByText(HOSTILE).first().waitFor();
    expect(await page.evaluate(() => document.title)).not.toBe('1');
    expect(await visit.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Edit and redrive' }).click();
    const editor = page.getByRole('textbox', { name: 'Input' });
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('{"x": 20, "y": "no"}');
    visit.expect(/status of 422/);
    await page.getByRole('button', { name: 'Redrive with this input' }).click();
    await page.getByRole('alert').getByText('input.y').waitFor();
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('{"x": 20, "y": 22}');
    await page.getByRole('button', { name: 'Redrive with this input' }).click();
    await page.waitForURL(/\/tasks\/[0-9a-f-]{36}/);
    const task = /[0-9a-f-]{36}/.exec(page.url())![0];
    expect(await rest().ended(task)).toMatchObject({ state: 'SUCCESS', result: 42, retriedFrom: id });

    const readable = await Promise.all([3, 4].map((x) => readableMessage({ x, y: 1 })));
    await visit.go('/dead-letters');
    const group = page.getByRole('article').filter({ hasText: 'rejected' });
    await group.getByRole('button', { name: 'Redrive all' }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('the bug is mended');
    await page.getByLabel(/Rate/).fill('50/s');
    expect(await visit.axe()).toEqual([]);
    await confirm(page, 'Redrive 2 dead letters');
    await page.getByRole('region', { name: 'Bulk jobs' }).getByText('2 redriven').waitFor();
    for (const one of readable) {
      const { redriven } = await json<DeadLetterDocument>(`/api/dead-letters/${one}`);
      expect(await rest().ended(redriven!.as!)).toMatchObject({ name: 'math.add', state: 'SUCCESS' });
    }
    const malformed = page.getByRole('article').filter({ hasText: 'malformed' });
    await malformed.getByRole('button', { name: 'Delete all' }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('of no use');
    await confirm(page, /^Delete \d dead letters?$/);
    await page.getByText('There is no dead letter').waitFor();
  });

  once(
    'a viewer is offered no act; details have no violation in either theme, and fit a phone',
    async () => {
      await readableMessage({ x: 1, y: 1 });
      const [deadLetter] = (await json<DeadLetterList>('/api/dead-letters?redriven=false')).items;
      const [worker] = (await json<{ items: { id: string }[] }>('/api/workers')).items;
      await using visit = await dashboard().open('viewer', '/queues');
      const { page } = visit;
      const found: string[] = [];
      for (const path of [
        ...['/queues', '/queues/default', '/workers', '/workers?tab=gone', `/workers/${worker!.id}`, '/schedules'],
        ...[`/schedules/${SCHEDULE}`, '/limits', '/limits?tab=all', `/limits/${LIMITED}`, '/dead-letters'],
        `/dead-letters/${deadLetter!.id}`,
      ]) {
        await visit.go(path);
        await settled(visit);
        const acts = /pause|resume|purge|run it now|remove|change the limits|redrive|delete|what to do with/i;
        for (const name of await page.locator('#content').getByRole('button', { name: acts }).allInnerTexts())
          found.push(`${path} offers ${name}`);
        found.push(...(await visit.axeInBothThemes()).map((line) => `${path} ${line}`));
        await page.setViewportSize(PHONE);
        const px = await page.evaluate(() => {
          const content = document.querySelector('#content')!;
          return Math.max(document.documentElement.scrollWidth - innerWidth, content.scrollWidth - content.clientWidth);
        });
        if (px > 0) found.push(`${path} scrolls sideways on a phone by ${px} px`);
        await page.setViewportSize({ width: 1280, height: 800 });
      }
      expect(found).toEqual([]);
    },
    240_000,
  );

  test('a worker that is killed is shown as gone, with the reason; a hostile name is text', async () => {
    await dashboard().platform.query(
      `insert into workers (id, name, lease_until, info) values ($1, $2, now() + interval '5 min', $3)`,
      [newId(), HOSTILE, JSON.stringify({ host: HOSTILE, pid: 1, queues: [HOSTILE], concurrency: 1 })],
    );
    await using visit = await dashboard().open('viewer', '/workers');
    const { page } = visit;
    await page.getByRole('link', { name: HOSTILE }).click();
    await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor();
    await dashboard().platform.query('delete from workers where name = $1', [HOSTILE]);
    await page.goBack();
    await row(page, '@').first().waitFor();
    await dashboard().platform.signal('worker', 'SIGKILL');
    await page.getByRole('tab', { name: /Gone/ }).click();
    await row(page, 'no longer renews its lease').getByRole('link').first().click();
    await page.getByRole('note').getByText('Taken for dead.').waitFor();
    expect(await visit.axe()).toEqual([]);
  });

  async function settled(visit: Visit): Promise<void> {
    await visit.loaded();
    await visit.page.locator('#content').getByRole('heading', { level: 1 }).waitFor();
  }

  /** A dead letter that can be read, as a worker refuses one that Postgres cannot keep. */
  async function readableMessage(input: unknown): Promise<string> {
    const id = newId();
    const { body, headers } = encodeTask({
      ...{
        id,
        name: 'math.add',
        inputJson: JSON.stringify(input),
        rootId: id,
        parentId: null,
        retries: 0,
        generation: 0,
      },
      hasRow: true,
    });
    await dashboard().platform.query(
      `insert into dead_letters (id, fingerprint, queue, reason, task_id, name, headers, content_type, content_encoding, body, body_size, outcome)
       values ($1::uuid, $1::uuid::text, $5, 'rejected', $1::uuid, 'math.add', $2, 'application/json', 'utf-8', $3, $4, 'none')`,
      [id, JSON.stringify(headers), body, body.length, queue],
    );
    return id;
  }
});
