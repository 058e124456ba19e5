import { Combobox as Base } from '@base-ui/react/combobox';
import { ChevronDown } from 'lucide-react';
import styles from './combobox.module.css';
import { Field } from './text-field.tsx';

export interface ComboboxProps {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly placeholder?: string;
  readonly value: string | null;
  readonly options: readonly string[];
  /** null: it was cleared. */
  readonly onChange: (value: string | null) => void;
  /** Said when nothing fits what was typed. */
  readonly empty?: string;
}

/** One of many, found by typing. */
export function Combobox({
  label,
  hideLabel,
  placeholder,
  value,
  options,
  onChange,
  empty = 'Nothing fits',
}: ComboboxProps) {
  return (
    <Base.Root items={options} value={value} onValueChange={(next) => onChange(next)}>
      <Field label={label} hideLabel={hideLabel}>
        {(ids) => (
          <span className={styles['box']}>
            <Base.Input {...ids} className={styles['input']} placeholder={placeholder} />
            <Base.Trigger className={styles['open']} aria-label={`Show all: ${label}`}>
              <ChevronDown size={14} />
            </Base.Trigger>
          </span>
        )}
      </Field>
      <Base.Portal>
        <Base.Positioner className={styles['positioner']} sideOffset={4}>
          <Base.Popup className={styles['popup']}>
            <Base.Empty className={styles['empty']}>{empty}</Base.Empty>
            <Base.List>
              {(option: string) => (
                <Base.Item key={option} value={option} className={styles['item']}>
                  {option}
                </Base.Item>
              )}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
