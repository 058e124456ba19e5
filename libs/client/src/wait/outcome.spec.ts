import { valueOf } from './outcome.ts';

test.each<[string, unknown, { by: string | null; reason: string | null }]>([
  ['this release', { actor: 'ana', reason: 'mistake' }, { by: 'ana', reason: 'mistake' }],
  [
    'a release before',
    { by: 'ana', reason: 'mistake', at: '2026-01-02T03:04:06.000Z' },
    { by: 'ana', reason: 'mistake' },
  ],
  ['a Celery worker', undefined, { by: null, reason: null }],
])('who cancelled a task, and the reason, are read from data of %s', (_release, data, told) => {
  const error = { type: 'Revoked', message: 'm', ...(data !== undefined && { data }) };
  const read = () => valueOf({ state: 'REVOKED', result: null, error }, 'id', undefined);
  expect(read).toThrow(expect.objectContaining({ code: 'task_revoked', ...told }) as Error);
});
