import { TASK_STATES, TERMINAL_STATES } from '@lovage/task';
import { repoText, tableUnder } from '../testing/repo-files.ts';

const page = repoText('docs/states.md');
const arrows = [...page.matchAll(/^ {2}(\S+) --> (\S+)/gm)].map(([, from, to]) => ({ from: from!, to: to! }));
const leaving = (state: string) => arrows.filter(({ from }) => from === state).map(({ to }) => to);

test('the picture shows every state, and no other', () => {
  const shown = new Set(arrows.flatMap(({ from, to }) => [from, to]).filter((state) => state !== '[*]'));
  expect([...shown].sort()).toEqual([...TASK_STATES].sort());
});

test('nothing leaves a terminal state, and every other can reach one', () => {
  for (const state of TASK_STATES) {
    if ((TERMINAL_STATES as readonly string[]).includes(state)) expect(leaving(state)).toEqual(['[*]']);
    else expect(leaving(state).length).toBeGreaterThan(1);
  }
});

test('what waits can be revoked and can expire; what runs can be revoked only', () => {
  for (const state of ['PENDING', 'SCHEDULED', 'QUEUED', 'RETRY'])
    expect(leaving(state)).toEqual(expect.arrayContaining(['STARTED', 'REVOKED', 'EXPIRED']));
  for (const state of ['STARTED', 'PROGRESS']) {
    expect(leaving(state)).toContain('REVOKED');
    expect(leaving(state)).not.toContain('EXPIRED');
  }
});

test('the table explains every state, in the order of a life', () => {
  expect(tableUnder(page, '').map(([state]) => state)).toEqual([...TASK_STATES]);
});
