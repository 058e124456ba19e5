import fc from 'fast-check';
import { isUuid } from '@lovage/foundation';
import { taskIdOf } from './task-id.ts';

describe('taskIdOf', () => {
  it('keeps a UUID', () => {
    fc.assert(fc.property(fc.uuid(), (id) => expect(taskIdOf(id)).toBe(id)));
  });

  it('derives a UUID from any other text, the same each time and another for another text', () => {
    const other = fc.string().filter((text) => !isUuid(text));
    fc.assert(
      fc.property(other, other, (a, b) => {
        expect(isUuid(taskIdOf(a))).toBe(true);
        expect(taskIdOf(a) === taskIdOf(b)).toBe(a === b);
      }),
    );
  });
});
