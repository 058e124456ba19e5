import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, TcpProxy } from '@lovage/testing';
import { endings, watchEndings } from './kit/endings.ts';
import { percentile } from './kit/numbers.ts';
import type { RunningPlatform } from './kit/platform.ts';
import { onServers } from './kit/shapes.ts';

const SUBMITTERS = 2;
/** Each submitter's pause between an answer and the next submit: a steady load that does not itself fill the machine. */
const PAUSE_MS = 20;
const AWAY_MS = 4000;
/** What is promised, and what a busy machine may make of the slowest of hundreds. */
const PROMISED_MS = 200;
const SLOWEST_MS = 1000;

onServers('RabbitMQ lost under load', (shape) => {
  let proxy: TcpProxy;
  let platform: RunningPlatform;
  beforeAll(async () => {
    proxy = await TcpProxy.before(shape.rabbit.url);
    platform = await shape.start({ env: { BROKER_URL: proxy.url } });
    await watchEndings(platform);
  }, 120_000);
  afterAll(async () => {
    await platform?.[Symbol.asyncDispose]();
    await proxy?.close();
  }, 30_000);

  test('every submit is answered 202 in time, also while it is away; nothing is lost; consuming resumes', async () => {
    const { rest } = platform;
    const answers: { id: string; away: boolean; tookMs: number }[] = [];
    let away = false;
    let over = false;
    const submitter = async (): Promise<void> => {
      while (!over) {
        const wasAway = away;
        const answer = await rest.submit('math.add', { x: answers.length, y: 1 });
        if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
        answers.push({ id: answer.json<{ id: string }>().id, away: wasAway, tookMs: answer.tookMs });
        await sleep(PAUSE_MS);
      }
    };
    const submitting = Promise.all(Array.from({ length: SUBMITTERS }, submitter));
    submitting.catch(() => (over = true));
    const more = (count: number): Promise<unknown> => {
      const until = answers.length + count;
      return eventually(() => over || answers.length >= until, { timeoutMs: 30_000 });
    };

    await more(50);
    await proxy.refuse();
    away = true;
    await sleep(AWAY_MS);
    await more(50);
    const ready = (await rest.ask('/health/ready')).json<{ broker: string }>();
    expect(ready).toMatchObject({ broker: 'down' });
    away = false;
    await proxy.heal();
    const healed = performance.now();
    await more(50);
    over = true;
    await submitting;

    await eventually(
      async () => (await platform.query('select 1 from tasks where finished_at is null limit 1')).length === 0,
      { timeoutMs: 60_000, everyMs: 100 },
    );
    const tookMs = performance.now() - healed;
    const took = answers.map((one) => one.tookMs);
    const tookAway = answers.filter((one) => one.away).map((one) => one.tookMs);
    const figures = (of: number[]): string =>
      `${of.length} submits, ms: p50 ${percentile(of, 50).toFixed(0)}, p99 ${percentile(of, 99).toFixed(0)}, p100 ${Math.max(...of).toFixed(0)}`;
    process.stdout.write(
      `RabbitMQ away for ${AWAY_MS / 1000} s: ${figures(took)}; of these while away: ${figures(tookAway)}; all ended ${(tookMs / 1000).toFixed(1)} s after it was back\n`,
    );
    expect(percentile(took, 95)).toBeLessThan(PROMISED_MS);
    expect(percentile(tookAway, 95)).toBeLessThan(PROMISED_MS);
    expect(Math.max(...took)).toBeLessThan(SLOWEST_MS);

    const ended = await endings(platform);
    expect(ended.map((one) => one.task_id).sort()).toEqual(answers.map((one) => one.id).sort());
    expect(ended.every((one) => one.state === 'SUCCESS')).toBe(true);
    // The processes lived through it.
    expect(platform.launcher.output).not.toContain('starting it again');
    expect((await rest.ask('/health/ready')).json()).toMatchObject({ broker: 'up' });
  }, 180_000);
});
