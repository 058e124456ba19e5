import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import styles from './button.module.css';
import { cx } from './cx.ts';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: the one thing to do here. `danger`: cannot be undone. `ghost`: without a border. Default: `plain`. */
  readonly kind?: 'plain' | 'primary' | 'danger' | 'ghost';
  readonly small?: boolean;
  readonly icon?: ReactNode;
  /** Something runs that it started: it takes no further click and keeps its width. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

/** A button whose text is a verb with its object. */
export function Button({ kind = 'plain', small, icon, busy, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={cx(styles['button'], styles[kind], small && styles['small'], className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {icon}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'icon' | 'children'> {
  /** What it does: read out, and shown on hover. */
  readonly label: string;
  readonly children: ReactNode;
}

/** A button of an icon alone; `label` says what it does. */
export function IconButton({ label, kind = 'ghost', className, children, ...rest }: IconButtonProps) {
  return (
    <Button kind={kind} className={cx(styles['icon'], className)} aria-label={label} title={label} {...rest}>
      {children}
    </Button>
  );
}
