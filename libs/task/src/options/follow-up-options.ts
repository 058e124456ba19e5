import { z } from 'zod';
import { endedTask } from '../ended-task.ts';
import type { FollowUp, TaskExtra } from '../task-extra.ts';

/** What must be known of a contract that is submitted when a task ends. Every contract fits. */
export interface FollowUpContract {
  readonly name: string;
  readonly stamp: string;
  readonly input: z.ZodObject;
  readonly options: {
    readonly queue: string;
    readonly priority: number | undefined;
    readonly expiresMs: number | undefined;
    readonly record: string;
    readonly unique: unknown;
    readonly onSuccess: unknown;
    readonly onFailure: unknown;
  };
}

const FIELDS: ReadonlySet<string> = new Set(Object.keys(endedTask.shape));

/** @throws RangeError */
export function compileFollowUp(
  option: 'onSuccess' | 'onFailure',
  contract: FollowUpContract | undefined,
  record: string,
): FollowUpContract | undefined {
  if (contract === undefined) return undefined;
  const refuse = (reason: string): never => {
    throw new RangeError(`${option}: ${reason}`);
  };
  if (typeof contract !== 'object' || contract === null || !(contract.input instanceof z.ZodObject))
    refuse('must be a contract, made by defineTask');
  if (record === 'none')
    refuse("needs record: 'full' or 'final'; with 'none' nothing is recorded that could submit it");
  const { name, options, input } = contract;
  if (options.record !== 'full') refuse(`${name} needs record: 'full': it waits as a row`);
  if (options.unique !== undefined) refuse(`${name} is unique; each end submits one, so it cannot be`);
  if (options.onSuccess !== undefined || options.onFailure !== undefined)
    refuse(`${name} has a follow-up of its own: it would never end`);
  for (const [field, schema] of Object.entries(input.shape as Record<string, z.ZodType>))
    if (!FIELDS.has(field) && !schema.safeParse(undefined).success)
      refuse(`${name} needs ${JSON.stringify(field)}, which no ended task has; its input is \`endedTask\``);
  if (input.def.catchall instanceof z.ZodNever)
    refuse(`${name} takes a strict object; an ended task may have more fields in later releases: use z.object`);
  return contract;
}

/** What a message says of them; undefined: none. @param queueOf the queue of a contract where a route names one. */
export function followUpsOf(
  {
    onSuccess,
    onFailure,
  }: { readonly onSuccess?: FollowUpContract | undefined; readonly onFailure?: FollowUpContract | undefined },
  queueOf: (name: string) => string | undefined = () => undefined,
): TaskExtra['onEnd'] {
  if (onSuccess === undefined && onFailure === undefined) return undefined;
  const of = ({ name, stamp, options: { queue, priority, expiresMs } }: FollowUpContract): FollowUp => ({
    name,
    queue: queueOf(name) ?? queue,
    stamp,
    ...(priority !== undefined && { priority }),
    ...(expiresMs !== undefined && { expiresMs }),
  });
  return { ...(onSuccess && { success: of(onSuccess) }), ...(onFailure && { failure: of(onFailure) }) };
}
