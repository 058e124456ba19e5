import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import { Button, IconButton } from './button.tsx';
import { cx } from './cx.ts';
import styles from './dialog.module.css';
import { TextField } from './text-field.tsx';

export interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Buttons, at the right. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
}

/** A dialog over the page: for asking, never for reading. `Esc` closes it and the focus goes back. */
export function Dialog({ wide, ...props }: DialogProps) {
  return <Framed {...props} className={cx(styles['popup'], wide && styles['wide'])} />;
}

/** A panel that comes in from the side, above the page that stays in sight: details of a row, filters on a phone. */
export function Sheet(props: Omit<DialogProps, 'wide'>) {
  return <Framed {...props} className={styles['sheet']} />;
}

type FramedProps = Omit<DialogProps, 'wide'> & { readonly className: string | undefined };

function Framed({ open, onClose, title, children, actions, className }: FramedProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles['backdrop']} />
        <Base.Popup className={className}>
          <header className={styles['header']}>
            <Base.Title className={styles['title']}>{title}</Base.Title>
            <Base.Close
              render={
                <IconButton label="Close" small>
                  <X size={16} />
                </IconButton>
              }
            />
          </header>
          <div className={styles['body']}>{children}</div>
          {actions && <footer className={styles['actions']}>{actions}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export interface FormDialogProps {
  readonly onClose: () => void;
  readonly title: string;
  /** The verb with its object: "Create the user". */
  readonly verb: string;
  /** Whether what is typed may be submitted. */
  readonly ready: boolean;
  readonly busy: boolean;
  readonly onSubmit: () => void;
  /** The fields, and what went wrong at the last try. */
  readonly children: ReactNode;
}

/** Asks for some values; `Enter` in a field submits them as the button does. */
export function FormDialog({ onClose, title, verb, ready, busy, onSubmit, children }: FormDialogProps) {
  const id = useId();
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={busy} disabled={!ready}>
            {verb}
          </Button>
        </>
      }
    >
      <form
        id={id}
        className={styles['form']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) onSubmit();
        }}
      >
        {children}
      </form>
    </Dialog>
  );
}

export interface ConfirmProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** The question with its number: "Revoke 312 tasks?" */
  readonly title: string;
  /** What will happen, and what cannot be undone. */
  readonly children: ReactNode;
  /** The verb with its object: "Revoke 312 tasks". */
  readonly verb: string;
  readonly danger?: boolean;
  /** A reason is asked for and kept. */
  readonly reason?: boolean | 'required';
  readonly busy?: boolean;
  /** What went wrong at the last try. */
  readonly problem?: ReactNode;
  readonly onConfirm: (reason: string | undefined) => void;
}

/** Says the verb, the number and the effect, and asks for a reason where one is kept. */
export function ConfirmDialog(props: ConfirmProps) {
  const [reason, setReason] = useState('');
  const text = reason.trim();
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={props.title}
      actions={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button
            kind={props.danger ? 'danger' : 'primary'}
            busy={props.busy}
            disabled={props.reason === 'required' && text === ''}
            onClick={() => props.onConfirm(text === '' ? undefined : text)}
          >
            {props.verb}
          </Button>
        </>
      }
    >
      <div className={styles['text']}>{props.children}</div>
      {props.reason && (
        <TextField
          label={props.reason === 'required' ? 'Reason' : 'Reason (optional)'}
          help="Kept with the act in the audit log."
          value={reason}
          maxLength={500}
          onChange={(event) => setReason(event.target.value)}
        />
      )}
      {props.problem}
    </Dialog>
  );
}
