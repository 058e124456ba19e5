import type { ContractDocument } from '@lovage/http-api';
import {
  PriorityOption,
  QueueOption,
  TaskOption,
  TimeLimitOptions,
  UniqueOption,
  type TaskOptionsForm,
} from '../../../parts/task-options.tsx';
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
  const of: TaskOptionsForm<keyof OptionTexts> = {
    value,
    change: (name, text) => onChange({ ...value, [name]: text }),
    errorAt: (path) => {
      const found = errors.filter((one) => one.path === path || one.path.startsWith(`${path}.`));
      return found.length > 0 ? found.map(({ message }) => message).join('; ') : undefined;
    },
  };
  return (
    <div className={styles['options']}>
      <QueueOption of={of} contract={contract} />
      <PriorityOption of={of} contract={contract} />
      <TaskOption of={of} name="delay" label="Delay" help="Run it so long from now: 30s, 5m, 2h" />
      <TaskOption of={of} name="eta" label="Run at" help="A time with an offset: 2026-11-21T09:30:00Z" />
      <TaskOption of={of} name="expires" label="Expires" help="Not started so long after the submit, or by this time" />
      <TimeLimitOptions of={of} />
      <TaskOption
        of={of}
        name="maxAttempts"
        label="Attempts at most"
        help={`Left empty: ${contract.defaults.maxAttempts}`}
        path="options.retry"
      />
      <UniqueOption of={of} help="No second task of the same work" />
      <TaskOption of={of} name="tags" label="Tags" help="Separated by commas; it is found by them" />
    </div>
  );
}
