import { isUtf8 } from 'node:buffer';
import { withBigintsAsText } from '@lovage/foundation';
import type { DeadLetterDocument, DeadLetterGroupDocument, WholeDeadLetterDocument } from '@lovage/http-api';
import type { DeadLetter, DeadLetterGroup, WholeDeadLetter } from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import { inputOfMessage, isTruncated, messageOf } from './letter-message.ts';

/** A letter as lists show it. */
export function letterDocument(letter: DeadLetter): DeadLetterDocument {
  const { redrivenAt } = letter;
  return {
    id: letter.id,
    queue: letter.queue,
    reason: letter.reason,
    code: letter.code,
    detail: letter.detail,
    taskId: letter.wireId ?? letter.taskId,
    name: letter.name,
    priority: letter.priority,
    outcome: letter.outcome,
    bodySize: letter.bodySize,
    diedAt: isoOrNull(letter.diedAt),
    receivedAt: new Date(letter.receivedAt).toISOString(),
    redriven:
      redrivenAt === null
        ? null
        : { at: new Date(redrivenAt).toISOString(), as: letter.redrivenAs, actor: letter.redrivenBy },
  };
}

/** A letter with its message. */
export function wholeLetterDocument(letter: WholeDeadLetter, contracts: ContractRegistry): WholeDeadLetterDocument {
  const { body, headers, contentType, contentEncoding } = letter;
  const truncated = isTruncated(letter);
  return {
    ...letterDocument(letter),
    ...readOf(letter, truncated, contracts),
    contentType,
    contentEncoding,
    headers: { ...headers },
    body: isUtf8(body) ? body.toString('utf8') : null,
    bodyBase64: body.toString('base64'),
    truncated,
  };
}

function readOf(
  letter: WholeDeadLetter,
  truncated: boolean,
  contracts: ContractRegistry,
): Pick<WholeDeadLetterDocument, 'readable' | 'input'> {
  const decoded = messageOf(letter);
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
