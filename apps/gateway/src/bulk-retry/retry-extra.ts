import type { SubmitOptions } from '@lovage/client';
import type { AnyContract, TaskExtra } from '@lovage/task';

/** What a task that runs again keeps: the moment of its schedule, and the tags that its contract does not take from the input anew. */
export function retryExtra(
  extra: TaskExtra | null | undefined,
  contract: AnyContract | undefined,
): Pick<SubmitOptions, 'tags' | 'scheduledFor'> {
  if (!extra) return {};
  const paths = contract?.options.tags ?? [];
  const tags = extra.tags?.filter((tag) => !paths.some((path) => tag.startsWith(`${path}:`)));
  return {
    ...(tags && tags.length > 0 && { tags }),
    ...(extra.scheduledFor !== undefined && { scheduledFor: new Date(extra.scheduledFor) }),
  };
}
