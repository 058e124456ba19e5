import fc from 'fast-check';
import { isUuid } from '@lovage/foundation';
import { rootIdOf, taskIdOf } from './task-id.ts';

describe('taskIdOf', () => {
  it('keeps a UUID', () => {
    fc.assert(fc.property(fc.uuid(), (id) => expect(taskIdOf(id)).toBe(id)));
  });

  it('takes a UUID in any case for the same', () => {
    fc.assert(fc.property(fc.uuid(), (id) => expect(taskIdOf(id.toUpperCase())).toBe(id)));
    expect(taskIdOf('0190B7A2-1234-7abc-8DEF-0123456789ab')).toBe('0190b7a2-1234-7abc-8def-0123456789ab');
  });

  it('derives a UUID from any other text, the same each time and another for another text', () => {
    const other = fc.string().filter((text) => !isUuid(text.toLowerCase()));
    fc.assert(
      fc.property(other, other, (a, b) => {
        expect(isUuid(taskIdOf(a))).toBe(true);
        expect(taskIdOf(a) === taskIdOf(b)).toBe(a === b);
      }),
    );
  });
});

describe('rootIdOf', () => {
  const [id, parentId, rootId] = [
    '0190b7a2-1234-7abc-8def-000000000001',
    '0190b7a2-1234-7abc-8def-000000000002',
    '0190B7A2-1234-7ABC-8DEF-000000000003',
  ];
  it('is the root that the message names, else its parent, else the task itself', () => {
    expect(rootIdOf({ id, parentId, rootId })).toBe(rootId.toLowerCase());
    expect(rootIdOf({ id, parentId, rootId: null })).toBe(parentId);
    expect(rootIdOf({ id, parentId: null, rootId: null })).toBe(id);
    expect(rootIdOf({ id: 'mine', parentId: null, rootId: 'mine' })).toBe(taskIdOf('mine'));
  });
});
