import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react';
import { cx } from './cx.ts';
import styles from './text-field.module.css';

interface FieldProps {
  /** Always there, since a placeholder is no label. `hideLabel` keeps it for those who do not see. */
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly help?: ReactNode;
  /** What is wrong with the value, as a sentence. */
  readonly error?: ReactNode;
}

/** A label, a control and below it help, or what is wrong. */
export function Field(
  props: FieldProps & { readonly className?: string; readonly children: (ids: FieldIds) => ReactNode },
) {
  const id = useId();
  const hint = props.error ?? props.help;
  const ids = {
    id,
    'aria-describedby': hint ? `${id}-hint` : undefined,
    'aria-invalid': props.error ? (true as const) : undefined,
  };
  return (
    <div className={cx(styles['field'], props.className)}>
      <label htmlFor={id} className={props.hideLabel ? 'sr-only' : styles['label']}>
        {props.label}
      </label>
      {props.children(ids)}
      {hint && (
        <span
          id={`${id}-hint`}
          className={props.error ? styles['error'] : styles['help']}
          role={props.error ? 'alert' : undefined}
        >
          {hint}
        </span>
      )}
    </div>
  );
}
export interface FieldIds {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

export interface TextFieldProps extends FieldProps, InputHTMLAttributes<HTMLInputElement> {
  readonly mono?: boolean;
  /** In front of the text, inside the field. */
  readonly icon?: ReactNode;
  readonly ref?: Ref<HTMLInputElement>;
}

export function TextField({ label, hideLabel, help, error, mono, icon, className, ...input }: TextFieldProps) {
  return (
    <Field label={label} hideLabel={hideLabel} help={help} error={error} className={className}>
      {(ids) => (
        <span className={styles['box']}>
          {icon}
          <input {...ids} {...input} className={cx(styles['input'], mono && 'mono')} />
        </span>
      )}
    </Field>
  );
}

export interface TextAreaProps extends FieldProps, TextareaHTMLAttributes<HTMLTextAreaElement> {
  readonly mono?: boolean;
}

export function TextArea({ label, hideLabel, help, error, mono, className, ...input }: TextAreaProps) {
  return (
    <Field label={label} hideLabel={hideLabel} help={help} error={error} className={className}>
      {(ids) => <textarea rows={4} {...ids} {...input} className={cx(styles['area'], mono && 'mono')} />}
    </Field>
  );
}

export interface SelectProps extends FieldProps, Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange'> {
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}

/** One of a few: the browser's own list, which fits every finger, key and screen reader. */
export function Select({ label, hideLabel, help, error, options, onChange, className, ...input }: SelectProps) {
  return (
    <Field label={label} hideLabel={hideLabel} help={help} error={error} className={className}>
      {(ids) => (
        <select {...ids} {...input} className={styles['select']} onChange={(event) => onChange(event.target.value)}>
          {options.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
