import { uuidFrom } from '@lovage/foundation';
import type { AnyContract, ChildOptions, ChildSubmitted } from '@lovage/task';
import type { LovageClient } from '../client.ts';
import { SubmitOptionsError } from '../errors.ts';
import type { SubmitOptions } from './options.ts';

/** What a child has from its parent: options for these cannot be given. */
const OF_PARENT: readonly (keyof SubmitOptions)[] = [
  'parentId',
  'rootId',
  'userId',
  'awaitReply',
  'retriedFrom',
  'scheduledFor',
];
const LONGEST_KEY = 1000;

/** How a worker submits the children of its tasks. The promise rejects as `LovageClient.submit` does. */
export function submitChildWith(client: Pick<LovageClient, 'submit'>) {
  return async (
    contract: AnyContract,
    input: unknown,
    parent: { readonly id: string; readonly rootId: string; readonly userId: string | null },
    { key, ...options }: ChildOptions,
  ): Promise<ChildSubmitted> => {
    for (const name of OF_PARENT)
      if ((options as SubmitOptions)[name] !== undefined)
        throw new SubmitOptionsError(name, 'a child has it from the task that submits it');
    const { id: parentId, rootId, userId } = parent;
    const ofParent: SubmitOptions = { parentId, rootId, userId: userId ?? undefined, awaitReply: false };
    if (key !== undefined) ofParent.idempotencyKey = `child:${parentId}:${uuidFrom(checked(key, options))}`;
    const { id, fresh, earlier } = await client.submit(contract, input as never, { ...options, ...ofParent });
    return { id, fresh, earlier };
  };
}

function checked(key: unknown, { idempotencyKey }: ChildOptions): string {
  if (typeof key !== 'string' || key.length < 1 || key.length > LONGEST_KEY)
    throw new SubmitOptionsError('key', `must be a text of 1 to ${LONGEST_KEY} characters`);
  if (idempotencyKey !== undefined) throw new SubmitOptionsError('key', 'give either key or idempotencyKey, not both');
  return key;
}
