import type { ContractDocument } from '@lovage/http-api';
import { Select, TextField } from '../../../ui/text-field.tsx';
import type { OptionTexts } from './options.ts';
import styles from './run.module.css';

export interface OptionsFieldsProps {
  readonly contract: ContractDocument;
  readonly value: OptionTexts;
  readonly onChange: (value: OptionTexts) => void;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

/** How the task is to be sent; what is left empty is as the contract says. */
export function OptionsFields({ contract, value, onChange, errors }: OptionsFieldsProps) {
  const { defaults } = contract;
  const errorAt = (path: string): string | undefined => {
    const found = errors.filter((one) => one.path === path || one.path.startsWith(`${path}.`));
    return found.length > 0 ? found.map(({ message }) => message).join('; ') : undefined;
  };
  const text = (name: keyof OptionTexts, label: string, help: string, path = `options.${name}`) => (
    <TextField
      label={label}
      help={help}
      error={value[name] === '' ? undefined : errorAt(path)}
      value={value[name]}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => onChange({ ...value, [name]: event.target.value })}
    />
  );
  return (
    <div className={styles['options']}>
      {text('queue', 'Queue', `Left empty: ${defaults.queue}, or as its route says`)}
      <Select
        label="Priority"
        help="The higher the sooner"
        error={errorAt('options.priority')}
        value={value.priority}
        options={[
          { value: '', label: defaults.priority === null ? 'None, as 4' : `As the contract: ${defaults.priority}` },
          ...Array.from({ length: 10 }, (_, n) => ({ value: String(9 - n), label: String(9 - n) })),
        ]}
        onChange={(priority) => onChange({ ...value, priority })}
      />
      {text('delay', 'Delay', 'Run it so long from now: 30s, 5m, 2h')}
      {text('eta', 'Run at', 'A time with an offset: 2026-11-21T09:30:00Z')}
      {text('expires', 'Expires', 'Not started so long after the submit, or by this time')}
      {text('timeLimit', 'Time limit', 'A run as long as this fails')}
      {text('softTimeLimit', 'Soft time limit', 'Then it is told to tidy up')}
      {text('maxAttempts', 'Attempts at most', `Left empty: ${defaults.maxAttempts}`, 'options.retry')}
      <Select
        label="Unique"
        help="No second task of the same work"
        error={errorAt('options.unique')}
        value={value.unique}
        options={[
          { value: '', label: 'As the contract' },
          { value: 'yes', label: 'Yes' },
          { value: 'no', label: 'No' },
        ]}
        onChange={(unique) => onChange({ ...value, unique })}
      />
      {text('tags', 'Tags', 'Separated by commas; it is found by them')}
    </div>
  );
}
