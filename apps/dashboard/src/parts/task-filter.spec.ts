import { filterOf } from './task-filter.ts';

test('a link to tasks says what it means in the language of their filter', () => {
  expect(filterOf({ queue: 'mail', states: ['STARTED', 'PROGRESS'] })).toBe('state:STARTED,PROGRESS queue:mail');
  expect(filterOf({ worker: 'a "b" \\c', name: 'math.add' })).toBe('name:math.add worker:"a \\"b\\" \\\\c"');
});
