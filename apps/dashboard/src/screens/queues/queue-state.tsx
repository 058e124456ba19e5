import type { QueueDocument } from '@lovage/http-api';
import { StateLabel, type Tone } from '../../ui/state-icon.tsx';

export interface QueueState {
  readonly tone: Tone;
  readonly words: string;
  /** Tasks wait and nobody takes them, though nobody wants it so. */
  readonly unserved: boolean;
}

/** Whether somebody takes from it, in words. */
export function stateOfQueue({ paused, consumers, waiting, later, workers }: QueueDocument): QueueState {
  if (paused) return { tone: 'revoked', words: 'Paused', unserved: false };
  const none = consumers === 0 || (consumers === null && workers.length === 0);
  if (none && waiting > later) return { tone: 'failure', words: 'No consumers', unserved: true };
  if (none) return { tone: 'waiting', words: 'No consumers, nothing waits', unserved: false };
  return { tone: 'running', words: 'Served', unserved: false };
}

export function QueueStateLabel({ queue }: { queue: QueueDocument }) {
  const { tone, words } = stateOfQueue(queue);
  return <StateLabel tone={tone}>{words}</StateLabel>;
}
