import { includesRole, USER_ROLES } from './roles.ts';

test('each role includes those before it', () => {
  const table = USER_ROLES.map((has) => USER_ROLES.map((wanted) => includesRole(has, wanted)));
  expect(table).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
});
