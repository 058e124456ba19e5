import type { ContractDocument } from '@lovage/http-api';
import { Select, TextField } from '../../../ui/text-field.tsx';
import styles from '../schedule.module.css';
import type { ScheduleForm } from './schedule-form.ts';

export interface OptionFieldsProps {
  readonly form: ScheduleForm;
  readonly change: (part: Partial<ScheduleForm>) => void;
  readonly errorAt: (path: string) => string | undefined;
  readonly contract: ContractDocument | undefined;
}

type TextName = 'queue' | 'expires' | 'timeLimit' | 'softTimeLimit';

/** How the tasks of a schedule are sent; what is left empty is as the contract says. */
export function OptionFields({ form, change, errorAt, contract }: OptionFieldsProps) {
  const text = (name: TextName, label: string, help: string) => (
    <TextField
      label={label}
      help={help}
      error={form[name] === '' ? undefined : errorAt(`options.${name}`)}
      value={form[name]}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => change({ [name]: event.target.value })}
    />
  );
  return (
    <div className={styles['fields']}>
      {text(
        'queue',
        'Queue',
        contract ? `Left empty: ${contract.defaults.queue}, or as its route says` : 'As the contract',
      )}
      <Select
        label="Priority"
        help="The higher the sooner"
        error={errorAt('options.priority')}
        value={form.priority}
        options={[
          { value: '', label: 'As the contract' },
          ...Array.from({ length: 10 }, (_, n) => ({ value: String(9 - n), label: String(9 - n) })),
        ]}
        onChange={(priority) => change({ priority })}
      />
      {text('expires', 'Expires after', 'Not started so long after it fired: 10m. Wise for short intervals')}
      {text('timeLimit', 'Time limit', 'A run as long as this fails')}
      {text('softTimeLimit', 'Soft time limit', 'Then it is told to tidy up')}
      <Select
        label="Unique"
        help="No second task while one has not ended"
        error={errorAt('options.unique')}
        value={form.unique}
        options={[
          { value: '', label: 'As the contract' },
          { value: 'yes', label: 'Yes' },
          { value: 'no', label: 'No' },
          ...(form.unique === 'rule' ? [{ value: 'rule', label: 'By the rule that it has' }] : []),
        ]}
        onChange={(unique) => change({ unique: unique as ScheduleForm['unique'] })}
      />
    </div>
  );
}
