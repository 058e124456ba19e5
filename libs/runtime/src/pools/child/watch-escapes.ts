import { errorDetails } from '@lovage/foundation';
import { runsInScope, type RunSubject } from '../../run/task-scope.ts';
import type { Escaped } from '../protocol.ts';

/**
 * From now on errors that nobody catches in this child end nothing at once: they are told, with the task whose code they came from.
 * @param threw called after the telling of an exception, with the subjects of those tasks: they cannot be relied on any more,
 *   and the child is to end after what it runs.
 */
export function watchEscapes(
  tell: (escaped: Escaped) => void,
  threw: (subjects: readonly RunSubject[], thrown: unknown) => void,
): void {
  const on = (kind: Escaped['kind'], thrown: unknown): readonly RunSubject[] => {
    const runs = runsInScope();
    const tasks = runs.map(({ id, name, attempt }) => ({ id, name, attempt }));
    tell({ type: 'escaped', kind, error: errorDetails(thrown), tasks });
    return runs.map(({ subject }) => subject);
  };
  process.on('unhandledRejection', (thrown) => void on('rejection', thrown));
  process.on('uncaughtException', (thrown) => threw(on('exception', thrown), thrown));
}
