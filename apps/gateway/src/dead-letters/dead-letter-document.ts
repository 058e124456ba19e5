import { isUtf8 } from 'node:buffer';
import { publicIdOf } from '@lovage/celery';
import { withBigintsAsText } from '@lovage/foundation';
import type { DeadLetterDocument, DeadLetterGroupDocument, WholeDeadLetterDocument } from '@lovage/http-api';
import type { DeadLetter, DeadLetterGroup, WholeDeadLetter } from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import { inputOfMessage, isTruncated, messageOf } from './dead-letter-message.ts';

/** A dead letter as lists show it. */
export function deadLetterDocument(deadLetter: DeadLetter): DeadLetterDocument {
  const { redrivenAt, taskId: id, wireId } = deadLetter;
  return {
    id: deadLetter.id,
    queue: deadLetter.queue,
    reason: deadLetter.reason,
    code: deadLetter.code,
    detail: deadLetter.detail,
    taskId: publicIdOf({ id, wireId }),
    name: deadLetter.name,
    priority: deadLetter.priority,
    outcome: deadLetter.outcome,
    bodySize: deadLetter.bodySize,
    diedAt: isoOrNull(deadLetter.diedAt),
    receivedAt: new Date(deadLetter.receivedAt).toISOString(),
    redriven:
      redrivenAt === null
        ? null
        : { at: new Date(redrivenAt).toISOString(), as: deadLetter.redrivenAs, actor: deadLetter.redrivenBy },
  };
}

/** A dead letter with its message. */
export function wholeDeadLetterDocument(
  deadLetter: WholeDeadLetter,
  contracts: ContractRegistry,
): WholeDeadLetterDocument {
  const { body, headers, contentType, contentEncoding } = deadLetter;
  const truncated = isTruncated(deadLetter);
  return {
    ...deadLetterDocument(deadLetter),
    ...readOf(deadLetter, truncated, contracts),
    contentType,
    contentEncoding,
    headers: { ...headers },
    body: isUtf8(body) ? body.toString('utf8') : null,
    bodyBase64: body.toString('base64'),
    truncated,
  };
}

function readOf(
  deadLetter: WholeDeadLetter,
  truncated: boolean,
  contracts: ContractRegistry,
): Pick<WholeDeadLetterDocument, 'readable' | 'input'> {
  const decoded = messageOf(deadLetter);
  if (truncated || !decoded.ok) return { readable: false, input: null };
  try {
    return {
      readable: true,
      input: withBigintsAsText(inputOfMessage(decoded, contracts.find(decoded.task.name)) ?? null),
    };
  } catch {
    return { readable: false, input: null };
  }
}

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function groupDocument({ firstAt, lastAt, ...group }: DeadLetterGroup): DeadLetterGroupDocument {
  return { ...group, firstAt: new Date(firstAt).toISOString(), lastAt: new Date(lastAt).toISOString() };
}
