import { TaskDocument } from '@lovage/http-api';
import type { TaskRow } from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import { taskDocument } from './task-document.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const row = (over: Partial<TaskRow> = {}): TaskRow => ({
  id,
  wireId: null,
  name: 'math.add',
  queue: 'default',
  state: 'QUEUED',
  generation: 0,
  retries: 0,
  suspected: 0,
  crashes: 0,
  input: { x: 1, y: 2 },
  message: { replyTo: 'inbox' },
  result: null,
  error: null,
  progress: null,
  worker: null,
  userId: null,
  parentId: null,
  rootId: null,
  retriedFrom: null,
  eta: null,
  expiresAt: null,
  priority: null,
  cancelAt: null,
  cancelActor: null,
  cancelReason: null,
  createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 67),
  startedAt: null,
  finishedAt: null,
  ...over,
});

test('every field is there and fits the schema, what is absent is null', () => {
  const document = taskDocument(row({ input: undefined, result: undefined, progress: undefined }));
  expect(Object.keys(document).sort()).toEqual(Object.keys(TaskDocument.shape).sort());
  expect(Object.values(document)).not.toContain(undefined);
  expect(TaskDocument.parse(document)).toEqual(document);
});

test('times are ISO in UTC with milliseconds', () => {
  const at = Date.UTC(2026, 5, 1);
  const document = taskDocument(row({ eta: at, expiresAt: at, startedAt: at, finishedAt: at }));
  expect(document).toMatchObject({
    createdAt: '2026-01-02T03:04:05.067Z',
    eta: '2026-06-01T00:00:00.000Z',
    expiresAt: '2026-06-01T00:00:00.000Z',
    startedAt: '2026-06-01T00:00:00.000Z',
    finishedAt: '2026-06-01T00:00:00.000Z',
  });
});

test.each<[string, object]>([
  ['this release', { actor: 'ana', reason: 'mistake', at: '2026-01-02T03:04:06.000Z' }],
  ['a release before', { by: 'ana', reason: 'mistake', at: '2026-01-02T03:04:06.000Z' }],
])('who cancelled a task, and the reason, have the same names in a row of %s', (_release, data) => {
  const error = { type: 'Revoked', message: 'mistake' };
  expect(taskDocument(row({ state: 'REVOKED', error: { ...error, data } })).error).toEqual({
    ...error,
    data: { actor: 'ana', reason: 'mistake', at: '2026-01-02T03:04:06.000Z' },
  });
  expect(taskDocument(row({ state: 'REVOKED', error })).error).toEqual(error);
  const declared = { ...error, data: { by: 'ana', reason: 'its own' } };
  expect(taskDocument(row({ state: 'FAILURE', error: declared })).error).toEqual(declared);
});

test('what is for workers alone stays inside', () => {
  expect(taskDocument(row())).not.toHaveProperty('message');
});

test.each<[TaskState, Partial<TaskRow>, number]>([
  ['QUEUED', {}, 0],
  ['SCHEDULED', {}, 0],
  ['EXPIRED', { finishedAt: 1 }, 0],
  ['STARTED', { startedAt: 1 }, 1],
  ['PROGRESS', { startedAt: 1, retries: 2 }, 3],
  ['RETRY', { startedAt: 1, retries: 1 }, 1],
  ['QUEUED', { startedAt: 1, retries: 1 }, 1],
  ['SUCCESS', { startedAt: 1, retries: 1, finishedAt: 1 }, 2],
])('%s %j is attempt %d', (state, over, attempt) => {
  expect(taskDocument(row({ state, ...over })).attempt).toBe(attempt);
});
