import type { TaskContext } from '@lovage/task';
import { TaskEntry } from '../entry.ts';
import type { CeleryRequest } from './celery-request-shape.ts';
import { TaskRun } from './task-run.ts';

/** The message of the task that this context is of, in this process and in a child; undefined for a context of another kind. */
export function celeryRequestOf(context: TaskContext): CeleryRequest | undefined {
  if (!(context instanceof TaskRun)) return undefined;
  const subject: object = context.subject;
  if (subject instanceof TaskEntry) return celeryRequestOfEntry(subject);
  return 'celery' in subject ? (subject.celery as CeleryRequest) : undefined;
}

/** The same of a task in a worker's hands. */
export function celeryRequestOfEntry({ task, newTask, retries, deliveries }: TaskEntry): CeleryRequest {
  return {
    ...{ id: task.id, rootId: task.rootId ?? task.id, parentId: task.parentId, retries },
    ...{ group: task.group, groupIndex: task.groupIndex, timeLimit: task.timeLimit, shadow: task.shadow },
    ...{ lang: task.lang, correlationId: task.correlationId, replyTo: task.replyTo ?? null },
    ...{ ignoreResult: task.ignoreResult, queue: newTask.queue, priority: newTask.priority },
    ...{ redelivered: deliveries[0]!.redelivered, headers: task.extraHeaders ?? {} },
  };
}
