import { decodeTask, inputOf, type DecodedTask } from '@lovage/celery';
import { MAX_DEAD_LETTER_BYTES, type WholeDeadLetter } from '@lovage/ports';
import type { AnyContract } from '@lovage/task';

/** Whether more was sent than is kept. */
export const isTruncated = ({ bodySize }: WholeDeadLetter): boolean => bodySize > MAX_DEAD_LETTER_BYTES;

/** What the message of a dead letter says, read as a worker would. */
export function messageOf(deadLetter: WholeDeadLetter): DecodedTask {
  const { body, headers, contentType, contentEncoding } = deadLetter;
  return decodeTask({
    ...{ body, headers, correlationId: undefined, replyTo: undefined },
    contentType: contentType ?? undefined,
    contentEncoding: contentEncoding ?? undefined,
  });
}

/**
 * The input of a message that can be read; undefined where its arguments have no names.
 * @throws ArgumentsError they do not fit the contract's parameters.
 */
export function inputOfMessage(decoded: DecodedTask & { ok: true }, contract: AnyContract | undefined): unknown {
  const { inputJson, args, kwargs } = decoded.task;
  if (inputJson !== null) return JSON.parse(inputJson);
  if (args.length === 0) return kwargs;
  return contract && inputOf(decoded.task, contract.positional);
}
