import type { BulkAction } from '@lovage/http-api';

/** `Revoke`, `Revoking`, `revoked`: what a job does, is doing, has done. */
export const ACT_WORDS: Readonly<
  Record<BulkAction, { readonly verb: string; readonly doing: string; readonly done: string }>
> = {
  'task.revoke': { verb: 'Revoke', doing: 'Revoking', done: 'revoked' },
  'task.retry': { verb: 'Run again', doing: 'Running again', done: 'run again' },
  'task.delete': { verb: 'Delete', doing: 'Deleting', done: 'deleted' },
  'dead_letter.redrive': { verb: 'Redrive', doing: 'Redriving', done: 'redriven' },
  'dead_letter.delete': { verb: 'Delete', doing: 'Deleting', done: 'deleted' },
};

/** `Run 3 tasks again`, `Revoke 1 task`. */
export function actOn(action: BulkAction, what: string): string {
  return action === 'task.retry' ? `Run ${what} again` : `${ACT_WORDS[action].verb} ${what}`;
}

/** What becomes of the tasks, for the one who is to confirm it. */
export const EFFECTS: Readonly<Record<'task.revoke' | 'task.retry' | 'task.delete', string>> = {
  'task.revoke': 'They end as revoked. This cannot be undone, but they can be run again.',
  'task.retry': 'Each becomes a new task with the same input. One that was run again this way before is left out.',
  'task.delete': 'Their rows, results and logs are gone for good. This cannot be undone.',
};

/** What the gateway takes as a rate. */
export const RATE = /^\d{1,6}(?:\.\d{1,3})?\/(?:s|m|h)$/;
