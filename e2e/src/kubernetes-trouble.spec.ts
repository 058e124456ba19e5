import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ScalingDocument, TaskDocument } from '@lovage/http-api';
import { eventually, startTypeScript, type TestProcess } from '@lovage/testing';
import { RunningPlatform, UNSET } from './kit/platform.ts';

// The table "When something is wrong" of docs/kubernetes.md, as far as it does not take a cluster: what each symptom looks like.

/** Rows of the table: symptom, where to look, cause. */
const rows = readFileSync(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8')
  .split('## When something is wrong')[1]!
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const row = (symptom: string): string => {
  const found = rows.find(([, name]) => name!.startsWith(symptom));
  if (!found) throw new Error(`docs/kubernetes.md has no row ${symptom}`);
  return found.join(' ');
};

const WORKER = fileURLToPath(new URL('../../apps/worker/src/main.ts', import.meta.url));

let platform: RunningPlatform;
beforeAll(async () => {
  // Its worker serves another queue than that of the tasks.
  platform = await RunningPlatform.start({ queue: 'elsewhere' });
}, 120_000);
afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

const submit = async (options: object = {}): Promise<string> => {
  const body = { input: { x: 1, y: 2 }, options: { queue: 'default', ...options } };
  return (await platform.rest.ask('/api/tasks/math.add', { body })).json<TaskDocument>().id;
};
const reasons = async (id: string): Promise<string[]> => {
  const answer = await platform.rest.ask(`/api/tasks/${id}/explain`);
  return answer.json<{ reasons: { code: string }[] }>().reasons.map(({ code }) => code);
};
const worker = async (env: Record<string, string>): Promise<{ worker: TestProcess; port: number }> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const started = await startTypeScript(WORKER, [], {
    env: { ...UNSET, DATABASE_URL: await platform.databaseUrl(), WORKER_HEALTH_PORT: String(port), ...env },
  });
  return { worker: started, port };
};

test('tasks stay QUEUED: explain names no worker, a pause, or a limit’s time', async () => {
  expect(row('tasks stay `QUEUED`')).toContain('/explain');
  const id = await submit();
  await eventually(async () => (await reasons(id)).includes('no_worker_for_queue'));
  await platform.rest.ask('/api/queues/default/pause', { body: { reason: 'repairs' } });
  expect(await reasons(id)).toContain('queue_paused');
  await platform.rest.ask('/api/queues/default/resume', { body: {} });
  expect(await reasons(id)).not.toContain('queue_paused');
});

test('never more than no worker: a wrong key is refused, a wrong queue has nothing to do, the right one has', async () => {
  expect(row('never more than no worker')).toContain('401');
  const asked = await platform.rest.ask('/api/scaling/default', {
    ...{ anonymous: true, headers: { 'x-api-key': 'lvk_wrong' } },
  });
  expect(asked.status).toBe(401);
  const scaling = async (queue: string) => (await platform.rest.ask(`/api/scaling/${queue}`)).json<ScalingDocument>();
  expect(await scaling('defualt')).toMatchObject({ ready: 0, backlogSeconds: 0, running: 0 });
  expect((await scaling('default')).ready).toBeGreaterThan(0);
});

test('no worker in GET /api/workers: one with a wrong broker says so at its start, and ends', async () => {
  expect(row('no worker in `GET /api/workers`')).toContain('exit code 3');
  await using started = (await worker({ BROKER_URL: 'amqp://lovage:secret@127.0.0.1:1' })).worker;
  expect(await started.exit).toEqual({ code: 3, signal: null });
  expect(started.output).toContain('127.0.0.1:1');
  expect(started.output).not.toContain('secret');
}, 60_000);
