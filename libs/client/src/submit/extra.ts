import type { TaskRoutes } from '@lovage/foundation';
import { followUpsOf, isTag, MAX_TAGS, tagsOfInput, TAG_RULE, type AnyContract, type TaskExtra } from '@lovage/task';
import { SubmitOptionsError } from '../errors.ts';
import type { CompiledSubmit } from './options.ts';

/**
 * What a task has that only some have, as JSON text; null: nothing.
 * @param contract undefined: it is not known.
 * @throws SubmitOptionsError the tags of contract and submit are too many, or a field of the input makes no tag.
 */
export function extraJson(
  contract: AnyContract | undefined,
  input: unknown,
  { tags: given, scheduledFor }: CompiledSubmit,
  routes?: TaskRoutes,
): string | null {
  const paths = contract?.options.tags ?? [];
  const onEnd = contract && followUpsOf(contract.options, (name) => routes?.of(name)?.queue);
  if (given.length === 0 && scheduledFor === undefined && paths.length === 0 && !onEnd) return null;
  const taken = tagsOfInput(paths, input);
  const wrong = taken.find((tag: unknown) => !isTag(tag));
  if (wrong !== undefined)
    throw new SubmitOptionsError(
      'tags',
      `the field ${wrong.slice(0, wrong.indexOf(':'))} of the input is a tag by the contract, and ${JSON.stringify(wrong.slice(0, 40))}… is not ${TAG_RULE}`,
    );
  const tags = [...new Set([...taken, ...given])];
  if (tags.length > MAX_TAGS)
    throw new SubmitOptionsError(
      'tags',
      `a task has at most ${MAX_TAGS}, those that its contract takes from the input included`,
    );
  const extra: TaskExtra = {
    ...(tags.length > 0 && { tags }),
    ...(scheduledFor !== undefined && { scheduledFor }),
    ...(onEnd && { onEnd }),
  };
  return Object.keys(extra).length === 0 ? null : JSON.stringify(extra);
}
