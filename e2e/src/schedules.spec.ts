import type { FiringDocument, FiringList, ScheduleList } from '@lovage/http-api';
import { Platform } from './kit/platform.ts';

describe('schedules on a platform started with nothing but Node', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await Platform.start({ env: { RESULT_RETENTION: '1h' } });
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  test('the hourly clean-up is there, runs when asked, and deletes what is past its retention alone', async () => {
    const { rest } = platform;
    const { items } = (await rest.ask('/api/schedules')).json<ScheduleList>();
    expect(items.map(({ name, every }) => [name, every])).toEqual([['maintenance.prune_results', 3600]]);
    const [old, young] = [
      await rest.accepted('math.add', { x: 1, y: 2 }),
      await rest.accepted('math.add', { x: 3, y: 4 }),
    ];
    await rest.ended(old.id);
    await rest.ended(young.id);
    await platform.query("update tasks set finished_at = now() - interval '61 min' where id = $1", [old.id]);
    const answer = await rest.ask('/api/schedules/maintenance.prune_results/run', { body: {} });
    expect(answer.status).toBe(202);
    const firing = answer.json<FiringDocument>();
    expect(await rest.ended(firing.taskId)).toMatchObject({
      state: 'SUCCESS',
      result: { tasks: 1, attempts: 0, firings: 0, complete: true },
    });
    expect((await rest.ask(`/api/tasks/${old.id}`)).status).toBe(404);
    expect((await rest.task(young.id)).state).toBe('SUCCESS');
    const history = (await rest.ask('/api/schedules/maintenance.prune_results/firings')).json<FiringList>();
    expect(history.items).toContainEqual(firing);
  }, 60_000);
});
