import type { DeadLetterDocument, DeadLetterGroupDocument } from '@lovage/http-api';

/** What each reason means, in a sentence. */
const REASONS: Readonly<Record<string, string>> = {
  malformed: 'The message is no task that can be read.',
  rejected: 'A worker refused it, though it can be read.',
  expired: 'It waited longer than a rule of its queue allows.',
  maxlen: 'A rule of its queue allows only so many.',
  delivery_limit: 'It was delivered too often without an ack.',
  input_invalid: 'Its input was made for another version of its contract.',
  unknown: 'Nobody said why.',
};

export function reasonInWords(reason: string): string {
  return (Object.hasOwn(REASONS, reason) && REASONS[reason]) || 'As the broker says.';
}

const OUTCOMES: Readonly<Record<string, string>> = {
  ended: 'Its task ended as failed',
  sent_again: 'Its task was sent once more',
  none: 'No task waited for it',
};

export function outcomeInWords(outcome: DeadLetterDocument['outcome']): string {
  return outcome === null ? 'Not decided yet' : OUTCOMES[outcome]!;
}

/** Dead letters of one queue and contract; those of no contract by their code. */
export type ReasonPart = Pick<DeadLetterGroupDocument, 'queue' | 'name' | 'code' | 'count'>;

export interface ReasonGroup {
  readonly reason: string;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly parts: readonly ReasonPart[];
}

/** Groups put together by their reason, the largest first. */
export function byReason(groups: readonly DeadLetterGroupDocument[]): ReasonGroup[] {
  const found = new Map<string, DeadLetterGroupDocument[]>();
  for (const group of groups) found.set(group.reason, [...(found.get(group.reason) ?? []), group]);
  return [...found]
    .map(([reason, parts]) => ({
      reason,
      parts: partsOf(parts),
      count: parts.reduce((sum, { count }) => sum + count, 0),
      firstAt: parts.map(({ firstAt }) => firstAt).reduce((a, b) => (a < b ? a : b)),
      lastAt: parts.map(({ lastAt }) => lastAt).reduce((a, b) => (a > b ? a : b)),
    }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

/** What died of several codes is one part, as it is one filter of the list. */
function partsOf(groups: readonly DeadLetterGroupDocument[]): ReasonPart[] {
  const parts = new Map<string, ReasonPart>();
  for (const { queue, name, code, count } of groups) {
    const key = JSON.stringify([queue, name, name === null ? code : null]);
    parts.set(key, { queue, name, code, count: count + (parts.get(key)?.count ?? 0) });
  }
  return [...parts.values()].sort((a, b) => b.count - a.count);
}
