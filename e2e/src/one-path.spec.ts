import type { TaskDocument } from '@lovage/http-api';
import { onBothShapes } from './kit/shapes.ts';
import type { RunningPlatform } from './kit/platform.ts';
import { median } from './kit/numbers.ts';

const TRIES = 20;
/** How long a result may take from its commit to who asks for it. */
const VISIBLE_MS = 100;

onBothShapes('a task from REST to its result', (shape) => {
  let platform: RunningPlatform;
  /** A task of some ten seconds, which runs while the others are tested. */
  let word: string;
  beforeAll(async () => {
    platform = await shape.start();
    word = (await platform.rest.accepted('text.process_word', { word: 'lovage' })).id;
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  test('it is ready within 30 s, and says where to go', () => {
    process.stdout.write(`ready after ${(platform.readyMs / 1000).toFixed(1)} s (${shape.name})\n`);
    expect(platform.readyMs).toBeLessThan(30_000);
    expect(platform.launcher.output).toContain(`${platform.rest.url}/docs`);
  });

  test('1 / 2: accepted with 202, then SUCCESS with 0.5', async () => {
    const { rest } = platform;
    const answer = await rest.submit('math.divide', { x: 1, y: 2 });
    expect(answer.status).toBe(202);
    const accepted = answer.json<TaskDocument>();
    expect(answer.headers.get('location')).toBe(`/api/tasks/${accepted.id}`);
    expect(accepted).toMatchObject({ name: 'math.divide', input: { x: 1, y: 2 }, queue: shape.queue });
    const task = await rest.ended(accepted.id);
    expect(task).toMatchObject({ state: 'SUCCESS', result: 0.5, error: null, attempt: 1, retries: 0 });
    expect(task.worker).toMatch(/^worker-\d+@/);
  });

  test('a result is visible within 100 ms of its end, to who waits and to who looks', async () => {
    const { rest } = platform;
    const sinceEnd = (task: TaskDocument): number => Date.now() - Date.parse(task.finishedAt!);
    const waited: number[] = [];
    const looked: number[] = [];
    for (let n = 0; n < TRIES; n += 1) {
      const answer = await rest.submit('math.divide', { x: n, y: 2 }, { prefer: 'wait=10' });
      expect(answer.status).toBe(200);
      waited.push(sinceEnd(answer.json<TaskDocument>()));
      const { id } = await rest.accepted('math.divide', { x: n, y: 2 });
      looked.push(sinceEnd(await rest.ended(id, { everyMs: 1 })));
    }
    process.stdout.write(
      `visible after the end, ms (${shape.name}): waiting ${median(waited)} (at most ${Math.max(...waited)}), looking ${median(looked)} (at most ${Math.max(...looked)})\n`,
    );
    // Of many, since any single one may meet a busy machine.
    expect(median(waited)).toBeLessThan(VISIBLE_MS);
    expect(median(looked)).toBeLessThan(VISIBLE_MS);
  });

  test('1 / 0 is FAILURE with the declared error', async () => {
    const { id } = await platform.rest.accepted('math.divide', { x: 1, y: 0 });
    expect(await platform.rest.ended(id)).toMatchObject({
      state: 'FAILURE',
      result: null,
      error: { type: 'DivisionByZero', data: { x: 1 } },
    });
  });

  test('wrong input is 422 and names each path', async () => {
    const answer = await platform.rest.submit('math.divide', { x: 'a' });
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const problem = answer.json<{ code: string; errors: { path: string }[] }>();
    expect(problem.code).toBe('input_invalid');
    expect(problem.errors.map(({ path }) => path)).toEqual(['input.x', 'input.y']);
  });

  test('an unknown task and an unknown contract are 404, no token is 401', async () => {
    const { rest } = platform;
    expect((await rest.ask('/api/tasks/00000000-0000-7000-8000-000000000000')).status).toBe(404);
    expect((await rest.submit('no.such', {})).status).toBe(404);
    const anonymous = { body: { input: { x: 1, y: 2 } }, anonymous: true };
    expect((await rest.ask('/api/tasks/math.divide', anonymous)).status).toBe(401);
  });

  test('every other shipped task runs', async () => {
    const { rest } = platform;
    const results = async (name: string, input: unknown) => {
      const { state, result, error } = await rest.ended((await rest.accepted(name, input)).id);
      return { state, result, error };
    };
    const success = (result: unknown) => ({ state: 'SUCCESS', result, error: null });
    expect(await results('math.add', { x: 1, y: 2 })).toEqual(success(3));
    expect(await results('math.sum_to_n', { n: 1000 })).toEqual(success(500_500));
    expect(await results('demo.wait_and_return', { seconds: 0.1, value: { a: [null] } })).toEqual(
      success({ a: [null] }),
    );
    expect(await rest.ended(word)).toMatchObject({ state: 'SUCCESS', progress: { percent: 100 } });
  });

  test('Swagger, its document and the health checks are public', async () => {
    const ask = (path: string) => platform.rest.ask(path, { anonymous: true });
    const page = await ask('/docs');
    expect(page.status).toBe(200);
    expect(page.text).toContain('swagger-ui');
    const scripts = [...page.text.matchAll(/src="(.*?)"/g)].map(([, src]) => src!);
    expect(scripts.length).toBeGreaterThan(0);
    // Everything the page loads comes from here: it works with no network.
    for (const src of scripts) {
      const { href, origin } = new URL(src, `${platform.rest.url}/docs`);
      expect(origin).toBe(new URL(platform.rest.url).origin);
      expect((await ask(href)).status).toBe(200);
    }
    const document = (await ask('/openapi.json')).json<{ openapi: string; paths: Record<string, unknown> }>();
    expect(document.openapi).toMatch(/^3\./);
    expect(Object.keys(document.paths)).toContain('/api/tasks/math.divide');
    expect((await ask('/health/live')).status).toBe(200);
    expect((await ask('/health/ready')).status).toBe(200);
  });

  test('Ctrl-C ends all within 10 s and leaves no process; the next start finds the old result', async () => {
    const { id } = await platform.rest.accepted('math.divide', { x: 7, y: 2 });
    await platform.rest.ended(id);
    const end = await platform.interrupt();
    process.stdout.write(`ended after ${(end.tookMs / 1000).toFixed(1)} s (${shape.name})\n`);
    expect(end).toMatchObject({ code: 0, signal: null, left: [] });
    expect(end.tookMs).toBeLessThan(10_000);

    await using again = await platform.again();
    process.stdout.write(`ready again after ${(again.readyMs / 1000).toFixed(1)} s (${shape.name})\n`);
    expect(await again.rest.task(id)).toMatchObject({ state: 'SUCCESS', result: 3.5 });
    expect(await again.rest.ended((await again.rest.accepted('math.add', { x: 1, y: 2 })).id)).toMatchObject({
      result: 3,
    });
  }, 180_000);
});
