import { taskIdIn } from './task-id.ts';

test('a task id is found in what was pasted', () => {
  const id = '01a1fbe1-0f69-773b-b9e8-dc696f8e1656';
  for (const text of [
    id,
    ` ${id.toUpperCase()}\n`,
    `{"taskId":"${id}","state":"FAILURE"}`,
    `http://x/dashboard/tasks/${id}?tab=logs`,
  ])
    expect(taskIdIn(text)).toBe(id);
  expect(taskIdIn('no id here')).toBe(undefined);
  expect(taskIdIn('x'.repeat(3_000) + id)).toBe(undefined);
});
