import { decodeTask } from './decode-task.ts';
import { encodeTask } from './encode-task.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const sent = encodeTask({
  ...{ id: ID, name: 'a.b', inputJson: '{}', rootId: null, parentId: null, retries: 0, generation: 3, hasRow: false },
  newTask: { userId: ID },
});
const { 'x-lovage-turn': generation, 'x-lovage-facts': newTask, ...others } = sent.headers;

const decoded = (headers: Record<string, unknown>) => {
  const task = decodeTask({ ...sent, headers });
  if (!task.ok) throw new Error(task.code);
  return task.task;
};

test('workers of the release before find what they read', () => {
  expect([generation, newTask]).toEqual([3, JSON.stringify({ userId: ID })]);
});

test.each([
  ['of this release and the one before', sent.headers],
  ['of the next release', { ...others, 'x-lovage-generation': 3, 'x-lovage-task': newTask }],
  ['of both', { ...sent.headers, 'x-lovage-generation': 3, 'x-lovage-task': newTask }],
])('headers under the names %s say the same, and are none of the sender', (_, headers) => {
  expect(decoded(headers)).toMatchObject({
    generation: 3,
    rowless: false,
    newTask: { userId: ID },
    extraHeaders: undefined,
  });
});

test('without either name no generation is stated', () => {
  expect(decoded(others)).toMatchObject({ generation: -1, rowless: true, newTask: undefined });
});

// A worker up to 0.1 would take it for a header of the sender, keep it with the task, and send it along unchanged.
test('the new names are not sent yet', () => {
  expect(Object.keys(sent.headers)).not.toContain('x-lovage-generation');
  expect(Object.keys(sent.headers)).not.toContain('x-lovage-task');
});
