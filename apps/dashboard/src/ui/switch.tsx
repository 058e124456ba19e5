import { Checkbox as BaseCheckbox } from '@base-ui/react/checkbox';
import { Switch as Base } from '@base-ui/react/switch';
import { Check, Minus } from 'lucide-react';
import type { ReactNode } from 'react';
import styles from './switch.module.css';

interface ToggleProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
  readonly children: ReactNode;
}

/** On or off at once. */
export function Switch({ checked, onChange, disabled, children }: ToggleProps) {
  return (
    <label className={styles['row']}>
      <Base.Root
        className={styles['switch']}
        checked={checked}
        disabled={disabled}
        onCheckedChange={(next) => onChange(next)}
      >
        <Base.Thumb className={styles['thumb']} />
      </Base.Root>
      <span>{children}</span>
    </label>
  );
}

/** On or off as part of a form. */
export function Checkbox({ checked, onChange, disabled, children }: ToggleProps) {
  return (
    <label className={styles['row']}>
      <CheckBox checked={checked} onChange={onChange} disabled={disabled} />
      <span>{children}</span>
    </label>
  );
}

export interface CheckBoxProps {
  readonly checked: boolean;
  readonly mixed?: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
  /** Read out, where no text stands beside it. */
  readonly label?: string;
}

/** The box alone. */
export function CheckBox({ checked, mixed, onChange, disabled, label }: CheckBoxProps) {
  return (
    <BaseCheckbox.Root
      className={styles['box']}
      checked={checked}
      indeterminate={mixed}
      disabled={disabled}
      aria-label={label}
      onCheckedChange={(next) => onChange(next)}
    >
      <BaseCheckbox.Indicator className={styles['tick']}>
        {mixed ? <Minus size={12} /> : <Check size={12} />}
      </BaseCheckbox.Indicator>
    </BaseCheckbox.Root>
  );
}
