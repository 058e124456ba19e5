import type { ListedTask } from '@lovage/http-api';
import type { TaskState } from '@lovage/task';
import { watchedOf } from './rows-in-sight.ts';

const row = (id: string, state: TaskState, gone?: 'left') => ({
  task: { id, state } as ListedTask,
  ...(gone && { gone }),
});

test('watched are rows that can still change, as many as the stream takes', () => {
  expect(watchedOf([row('a', 'QUEUED'), row('b', 'SUCCESS'), row('c', 'RETRY'), row('d', 'STARTED', 'left')])).toEqual([
    'a',
    'c',
  ]);
  expect(watchedOf(Array.from({ length: 150 }, (_, n) => row(String(n), 'STARTED')))).toHaveLength(100);
});
