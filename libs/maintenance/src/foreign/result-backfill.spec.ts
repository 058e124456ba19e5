import {
  blankTask,
  type CanvasEnd,
  type CanvasOwner,
  type EndedTasks,
  type NewTask,
  type StoredState,
  type TaskCanvas,
  type RowEnd,
} from '@lovage/ports';
import { silentLog } from '@lovage/testing';
import { ResultBackfill } from './result-backfill.ts';

const at = (finishedAt: string) => ({ finishedAt, taskId: '0' });
const end = (id: string): RowEnd => ({
  ...{ id, wireId: `wire-${id}`, state: 'SUCCESS' as const, result: '7', error: null },
  ...{ groupId: 'g', parentId: null, endedAt: 0 },
});

const ownerOf = (id: string): CanvasOwner => ({
  ...{ id, name: 'a.b', queue: 'q', rootId: null, group: 'g', groupIndex: 0, kwargs: {}, embed: {} },
  headers: undefined,
});
/** Of `lost` nobody but the collector of dead letters knows. */
const endOf = (id: string): CanvasEnd =>
  id === 'lost'
    ? { state: 'FAILURE', result: null, error: { type: 'MessageGivenUp', message: 'gone' } }
    : { state: 'SUCCESS', result: '7', error: null };

function open(ended: EndedTasks | undefined, has: readonly string[] = []) {
  const stored: StoredState[] = [];
  const passed: unknown[] = [];
  const backend = {
    isUp: true,
    withoutEnd: async (ids: readonly string[]) => ids.filter((id) => !has.includes(id)),
    withoutPart: async (ids: readonly string[]) => ids.filter((id) => !has.includes(id)),
    store: async (states: readonly StoredState[]) => void stored.push(...states),
  };
  const rows = {
    ended: async () => ended,
    ends: async (ids: readonly string[]) => ids.map(end),
    canvasEnds: async (ids: readonly string[]) => ids.map((id) => ({ owner: ownerOf(id), end: endOf(id) })),
    passed: async ({ to }: { to: unknown }) => void passed.push(to),
  };
  const [counted, submitted]: [string[], string[]] = [[], []];
  const canvas: TaskCanvas = {
    chords: true,
    follow: async (owner, end) => ({
      ...{ kind: 'followed', end, children: '[]' },
      followUps: {
        tasks: [{ task: blankTask({ id: `errback of ${owner.id}`, name: 'a.b', queue: 'q' }), delayMs: 0 }],
      },
    }),
    ended: async ({ id }) => counted.push(id) - counted.length,
  };
  const tasks = {
    insertFirstMany: async (items: readonly { task: NewTask }[]) => {
      submitted.push(...items.map(({ task }) => task.id));
      return [];
    },
  };
  const backfill = new ResultBackfill({ backend, rows, canvas, tasks, log: silentLog });
  return { backend, stored, passed, counted, submitted, canvas, backfill };
}

const ended: EndedTasks = {
  ...{ from: at('1'), to: at('2'), more: true },
  tasks: ['a', 'b', 'c'].map((id) => ({ id, wireId: `wire-${id}`, result: true, canvas: false })),
};

test('writes the ends that the backend has not, from their rows, and moves on', async () => {
  const { backfill, stored, passed } = open(ended, ['wire-b']);
  expect(await backfill.runOnce()).toBe(true);
  expect(stored.map(({ taskId, ready }) => [taskId, ready])).toEqual([
    ['wire-a', true],
    ['wire-c', true],
  ]);
  expect(JSON.parse(stored[0]!.meta)).toMatchObject({
    ...{ status: 'SUCCESS', result: 7, task_id: 'wire-a', group_id: 'g', date_done: '1970-01-01T00:00:00.000000' },
  });
  expect(passed).toEqual([at('2')]);
});

test('stands still while the backend is away, and where it refuses', async () => {
  const away = open(ended);
  away.backend.isUp = false;
  expect(await away.backfill.runOnce()).toBe(false);
  const refusing = open(ended);
  refusing.backend.store = () => Promise.reject(new Error('refused'));
  await expect(refusing.backfill.runOnce()).rejects.toThrow('refused');
  expect([...away.passed, ...refusing.passed]).toEqual([]);
});

test('follows ends that no worker has followed, and calls the errbacks of those that none has seen', async () => {
  const tasks = ['a', 'b', 'lost'].map((id) => ({ id, wireId: `wire-${id}`, result: false, canvas: true }));
  const { backfill, counted, submitted, stored, passed } = open({ ...ended, tasks }, ['wire-b']);
  await backfill.runOnce();
  expect([counted, submitted, stored]).toEqual([['a', 'lost'], ['errback of lost'], []]);
  expect(passed).toHaveLength(1);
});

test('stands still where a chord cannot be counted, and passes what is at fault itself', async () => {
  const tasks = [{ id: 'a', wireId: 'wire-a', result: false, canvas: true }];
  const away = open({ ...ended, tasks });
  away.canvas.ended = () => Promise.reject(Object.assign(new Error('away'), { code: 'celery_backend_unavailable' }));
  await expect(away.backfill.runOnce()).rejects.toThrow('away');
  const broken = open({ ...ended, tasks });
  broken.canvas.ended = () => Promise.reject(new Error('broken'));
  await broken.backfill.runOnce();
  expect([away.passed, broken.passed]).toEqual([[], [at('2')]]);
});
