import type { ContractDocument } from '@lovage/http-api';
import {
  PriorityOption,
  QueueOption,
  TaskOption,
  TimeLimitOptions,
  UniqueOption,
  type TaskOptionsForm,
} from '../../../parts/task-options.tsx';
import styles from '../schedule.module.css';
import type { ScheduleForm } from './schedule-form.ts';

export interface OptionFieldsProps {
  readonly form: ScheduleForm;
  readonly change: (part: Partial<ScheduleForm>) => void;
  readonly errorAt: (path: string) => string | undefined;
  readonly contract: ContractDocument | undefined;
}

type OptionName = 'queue' | 'priority' | 'expires' | 'timeLimit' | 'softTimeLimit' | 'unique';

const OWN_RULE = { value: 'rule', label: 'By the rule that it has' };

/** How the tasks of a schedule are sent; what is left empty is as the contract says. */
export function OptionFields({ form, change, errorAt, contract }: OptionFieldsProps) {
  const of: TaskOptionsForm<OptionName> = { value: form, change: (name, text) => change({ [name]: text }), errorAt };
  return (
    <div className={styles['fields']}>
      <QueueOption of={of} contract={contract} />
      <PriorityOption of={of} contract={contract} />
      <TaskOption
        of={of}
        name="expires"
        label="Expires after"
        help="Not started so long after it fired: 10m. Wise for short intervals"
      />
      <TimeLimitOptions of={of} />
      <UniqueOption
        of={of}
        help="No second task while one has not ended"
        more={form.unique === 'rule' ? [OWN_RULE] : undefined}
      />
    </div>
  );
}
