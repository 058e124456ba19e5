import type { BulkAction } from '@lovage/http-api';

interface Words {
  readonly verb: string;
  readonly doing: string;
  readonly done: string;
  readonly noun: string;
  readonly nouns: string;
}

const TASK = { noun: 'task', nouns: 'tasks' };
const DEAD_LETTER = { noun: 'dead letter', nouns: 'dead letters' };

/** `Revoke`, `Revoking`, `revoked`: what a job does, is doing, has done. */
export const ACT_WORDS: Readonly<Record<BulkAction, Words>> = {
  'task.revoke': { verb: 'Revoke', doing: 'Revoking', done: 'revoked', ...TASK },
  'task.retry': { verb: 'Run again', doing: 'Running again', done: 'run again', ...TASK },
  'task.delete': { verb: 'Delete', doing: 'Deleting', done: 'deleted', ...TASK },
  'dead_letter.redrive': { verb: 'Redrive', doing: 'Redriving', done: 'redriven', ...DEAD_LETTER },
  'dead_letter.delete': { verb: 'Delete', doing: 'Deleting', done: 'deleted', ...DEAD_LETTER },
};

/** `Run 3 tasks again`, `Revoke 1 task`. */
export function actOn(action: BulkAction, what: string): string {
  return action === 'task.retry' ? `Run ${what} again` : `${ACT_WORDS[action].verb} ${what}`;
}

/** What becomes of them, for the one who is to confirm it. */
export const EFFECTS: Readonly<Record<BulkAction, string>> = {
  'task.revoke': 'They end as revoked. This cannot be undone, but they can be run again.',
  'task.retry': 'Each becomes a new task with the same input. One that was run again this way before is left out.',
  'task.delete': 'Their rows, results and logs are gone for good. This cannot be undone.',
  'dead_letter.redrive':
    'Each becomes a new task with the input of its message, once. One that cannot be read, or was redriven, is left out.',
  'dead_letter.delete': 'The messages are gone for good; no task can be made of them any more. This cannot be undone.',
};

/** What the gateway takes as a rate. */
export const RATE = /^\d{1,6}(?:\.\d{1,3})?\/(?:s|m|h)$/;
