import { newId } from '@lovage/foundation';
import { blankTask, type ClaimItem, type NewTask } from '@lovage/ports';

export function newTask(overrides: Partial<NewTask> = {}): NewTask {
  return blankTask({ id: newId(), name: 'test.task', queue: 'default', input: '{"x":1}', ...overrides });
}

let claimNo = 0;

export function claimOf(task: NewTask, overrides: Partial<ClaimItem> = {}): ClaimItem & { readonly id: string } {
  claimNo += 1;
  return { id: task.id, task, generation: 0, claimNo, hadRow: false, ...overrides };
}
