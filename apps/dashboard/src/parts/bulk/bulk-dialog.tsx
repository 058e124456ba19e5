import { useState } from 'react';
import { useBulkPreview, useStartBulk, type BulkAsk } from '../../api/queries/bulk.ts';
import { ApiErrorState } from '../api-error.tsx';
import { TaskStateLabel } from '../task-state.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Skeleton } from '../../ui/feedback.tsx';
import { formatWhole, plural } from '../../ui/format.ts';
import { Checkbox } from '../../ui/switch.tsx';
import { TextField } from '../../ui/text-field.tsx';
import type { TaskState } from '@lovage/task';
import type { QueryValues } from '../../api/send.ts';
import type { BulkAction } from '@lovage/http-api';
import styles from './bulk.module.css';
import { ACT_WORDS, actOn, EFFECTS, RATE } from './words.ts';

export interface BulkDialogProps {
  readonly act: BulkAction;
  /** Filters of the list that it works on; or else `ids`. */
  readonly filter?: QueryValues;
  /** Those that were picked by hand. */
  readonly ids?: readonly string[];
  /** More about what was picked. */
  readonly note?: string | undefined;
  readonly onClose: () => void;
  readonly onStarted: () => void;
}

/** Asks before a bulk job: how many it would be done to now, in which states, how fast, and why. */
export function BulkDialog({ act, filter, ids, note, onClose, onStarted }: BulkDialogProps) {
  // A user who picks one that runs means it.
  const [terminate, setTerminate] = useState(ids !== undefined);
  const [rate, setRate] = useState('');
  const ask: BulkAsk = { action: act, ...(ids ? { ids } : { filter }), ...(act === 'task.revoke' && { terminate }) };
  const preview = useBulkPreview(ask);
  const start = useStartBulk();
  const { noun, nouns } = ACT_WORDS[act];
  const found = preview.data;
  const what = found
    ? `${found.complete ? '' : 'at least '}${plural(found.matched, noun)}`
    : `the ${nouns} ${ids ? 'picked' : 'that match'}`;
  const states = Object.entries(found?.states ?? {}) as [TaskState, number][];
  const badRate = rate !== '' && !RATE.test(rate);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger={act !== 'task.retry' && act !== 'dead_letter.redrive'}
      title={`${actOn(act, what)}?`}
      verb={actOn(act, what)}
      reason="required"
      busy={start.isPending || !found || found.matched === 0 || badRate}
      problem={start.error && <ApiErrorState what="The job was not started" error={start.error} />}
      onConfirm={(reason) => {
        if (!found || reason === undefined) return;
        start.mutate({ ...ask, at: found.at, reason, ...(rate && { rate }) }, { onSuccess: onStarted });
      }}
    >
      {preview.isError ? (
        <ApiErrorState
          what="They could not be counted"
          error={preview.error as never}
          onRetry={() => void preview.refetch()}
        />
      ) : !found ? (
        <Skeleton lines={2} />
      ) : found.matched === 0 ? (
        <p>{ids ? `It can be done to none of the picked ${nouns} any more.` : `No ${noun} matches any more.`}</p>
      ) : states.length === 0 ? null : (
        <ul className={styles['states']} aria-label="By state">
          {states.map(([state, count]) => (
            <li key={state}>
              <TaskStateLabel state={state} /> {formatWhole(count)}
            </li>
          ))}
        </ul>
      )}
      <p>
        {EFFECTS[act]} {!ids && 'Exactly those that match now are meant; what comes later is left alone. '}It goes on as
        a job whose progress you see, and which you can stop.{note && ` ${note}`}
      </p>
      {act === 'task.revoke' && (
        <Checkbox checked={terminate} onChange={setTerminate}>
          Also those that run: each gets a few seconds to stop
        </Checkbox>
      )}
      <TextField
        label="Rate (optional)"
        help="So many at most, such as 50/s or 100/m. Left empty: as fast as it goes."
        error={badRate ? 'A rate is a number, a slash and s, m or h: 50/s' : undefined}
        value={rate}
        onChange={(event) => setRate(event.target.value.trim())}
      />
    </ConfirmDialog>
  );
}
