import { useState } from 'react';
import type { LimitDocument } from '@lovage/http-api';
import { useClearLimit, useSetLimit } from '../../api/queries/limits.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Select, TextArea, TextField } from '../../ui/text-field.tsx';
import styles from './limits.module.css';
import {
  bodyOf,
  effectOfRate,
  effectOfSlots,
  formOf,
  rateInWords,
  slotsInWords,
  type LimitForm,
  type Part,
} from './limit-words.ts';

interface DialogProps {
  readonly limit: LimitDocument;
  readonly onClose: () => void;
}

/** Sets a limit while tasks run: what is chosen, and what it does to what waits, before it is done. */
export function LimitDialog({ limit, onClose }: DialogProps) {
  const { contract, declared } = limit;
  const [form, setForm] = useState<LimitForm>(() => formOf(limit));
  const [reason, setReason] = useState('');
  const set = useSetLimit(contract);
  const change = (part: Partial<LimitForm>): void => setForm({ ...form, ...part });
  const read = bodyOf(form);
  const errors = 'errors' in read ? read.errors : {};
  const body = 'body' in read ? read.body : undefined;
  const nothing = body !== undefined && Object.keys(body).length === 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Change the limits of ${contract}`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            busy={set.isPending}
            disabled={body === undefined || nothing}
            onClick={() =>
              body && set.mutate({ ...body, ...(reason.trim() && { reason: reason.trim() }) }, { onSuccess: onClose })
            }
          >
            Change the limits
          </Button>
        </>
      }
    >
      <PartField
        label="At once"
        contract={slotsInWords(declared.concurrency, declared.byKey)}
        part={form.concurrency}
        unit={declared.byKey ? 'tasks of each value' : 'tasks'}
        error={errors.concurrency}
        onChange={(concurrency) => change({ concurrency })}
      />
      {declared.byKey && (
        <TextArea
          label="Slots of single values (optional)"
          help="A line each: acme = 10. 0: none starts; none: no limit."
          mono
          rows={3}
          value={form.keys}
          error={errors.keys}
          onChange={(event) => change({ keys: event.target.value })}
        />
      )}
      <PartField
        label="Rate"
        contract={rateInWords(declared.rate, declared.burst, declared.rateByKey)}
        part={form.rate}
        unit="such as 10/s, 100/m"
        error={errors.rate}
        onChange={(rate) => change({ rate })}
      />
      {form.rate.kind === 'value' && (
        <TextField
          label="At once after a pause (optional)"
          help="Left empty: as the contract says, else 1."
          value={form.burst}
          error={errors.burst}
          inputMode="numeric"
          onChange={(event) => change({ burst: event.target.value.trim() })}
        />
      )}
      <TextField
        label="Reason (optional)"
        help="Shown with the limit, and kept in the audit log."
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.target.value)}
      />
      <p className={styles['effect']} role="status">
        {nothing ? 'Nothing is chosen that the contract does not say itself.' : body && effects(limit, body)}
      </p>
      {set.error && <ApiErrorState what="The limits were not changed" error={set.error} />}
    </Dialog>
  );
}

function effects(
  limit: LimitDocument,
  body: { concurrency?: number | null; rate?: string | null; keys?: object },
): string {
  const { declared } = limit;
  const slots = body.concurrency === undefined ? declared.concurrency : body.concurrency;
  const rate = body.rate === undefined ? declared.rate : body.rate;
  return [
    effectOfSlots(limit, slots),
    effectOfRate(limit, rate),
    'What runs is never stopped. It holds until it is removed, over restarts and releases.',
  ].join(' ');
}

interface PartFieldProps {
  readonly label: string;
  /** As the contract says, in words. */
  readonly contract: string;
  readonly part: Part<string>;
  readonly unit: string;
  readonly error?: string | undefined;
  readonly onChange: (part: Part<string>) => void;
}

function PartField({ label, contract, part, unit, error, onChange }: PartFieldProps) {
  return (
    <div className={styles['part']}>
      <Select
        label={label}
        value={part.kind}
        options={[
          { value: 'contract', label: `As the contract says: ${contract}` },
          { value: 'none', label: 'No limit' },
          { value: 'value', label: 'Set here' },
        ]}
        onChange={(kind) =>
          onChange(kind === 'value' ? { kind, value: '' } : kind === 'none' ? { kind: 'none' } : { kind: 'contract' })
        }
      />
      {part.kind === 'value' && (
        <TextField
          label={`${label}: ${unit}`}
          value={part.value}
          error={part.value === '' ? undefined : error}
          onChange={(event) => onChange({ kind: 'value', value: event.target.value.trim() })}
        />
      )}
    </div>
  );
}

/** Goes back to what the contract says. */
export function RemoveLimitDialog({ limit, onClose }: DialogProps) {
  const { contract, declared } = limit;
  const clear = useClearLimit(contract);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Remove what is set for ${contract}?`}
      verb="Remove what is set"
      busy={clear.isPending}
      problem={clear.error && <ApiErrorState what="It was not removed" error={clear.error} />}
      onConfirm={() => clear.mutate(undefined, { onSuccess: onClose })}
    >
      The contract’s own limits hold again: {slotsInWords(declared.concurrency, declared.byKey)}; rate:{' '}
      {rateInWords(declared.rate, declared.burst, declared.rateByKey)}. {effectOfSlots(limit, declared.concurrency)}{' '}
      {effectOfRate(limit, declared.rate)}
    </ConfirmDialog>
  );
}
