import { Search, X } from 'lucide-react';
import { useEffect, useId, useRef, useState, type KeyboardEvent, type Ref } from 'react';
import { IconButton } from '../../../ui/button.tsx';
import { cx } from '../../../ui/cx.ts';
import { complete, type Known } from './complete.ts';
import styles from './filter-field.module.css';
import { parseFilter } from './parse.ts';

export interface FilterFieldProps {
  /** The filter that is in force. */
  readonly value: string;
  readonly onApply: (text: string) => void;
  readonly known: Known;
  readonly ref?: Ref<HTMLInputElement>;
}

/** The filter as one line of text, with completion; `Enter` applies it. What cannot be understood is said below. */
export function FilterField({ value, onApply, known, ref }: FilterFieldProps) {
  const id = useId();
  const own = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(0);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  // The URL changed: by a state of the sidebar, a view, or going back.
  const [applied, setApplied] = useState(value);
  if (applied !== value) {
    setApplied(value);
    setText(value);
  }
  const { errors } = parseFilter(text);
  const { from, to, options } = complete(text, caret, known);
  const shown = open ? options : [];
  const moveTo = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (moveTo.current === undefined) return;
    own.current?.setSelectionRange(moveTo.current, moveTo.current);
    moveTo.current = undefined;
  });

  const apply = (next: string): void => {
    setOpen(false);
    setActive(-1);
    if (parseFilter(next).errors.length === 0 && next.trim() !== value) onApply(next.trim());
  };
  const choose = (index: number): void => {
    const option = options[index];
    if (!option) return;
    const end = text.slice(to).startsWith(' ') && option.insert.endsWith(' ') ? to + 1 : to;
    const next = text.slice(0, from) + option.insert + text.slice(end);
    setText(next);
    setCaret(from + option.insert.length);
    moveTo.current = from + option.insert.length;
    setActive(-1);
    own.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const { key } = event;
    if ((key === 'ArrowDown' || key === 'ArrowUp') && options.length > 0) {
      const step = key === 'ArrowDown' ? 1 : -1;
      setActive(open ? (active + step + options.length + (active < 0 && step < 0 ? 1 : 0)) % options.length : 0);
      setOpen(true);
    } else if (key === 'Enter' && active >= 0) choose(active);
    else if (key === 'Tab' && open && options.length > 0 && !event.shiftKey && text !== '') choose(Math.max(0, active));
    else if (key === 'Enter') apply(text);
    else if (key === 'Escape' && open) setOpen(false);
    else if (key === 'Escape' && text !== value) setText(value);
    else if (key === 'Escape') own.current?.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const follow = (): void => setCaret(own.current?.selectionStart ?? 0);

  return (
    <div className={styles['field']}>
      <div className={styles['box']}>
        <Search size={14} aria-hidden />
        <input
          ref={(element) => {
            own.current = element;
            if (typeof ref === 'function') ref(element);
            else if (ref) ref.current = element;
          }}
          className={cx(styles['input'], 'mono')}
          role="combobox"
          aria-label="Filter of tasks"
          aria-expanded={shown.length > 0}
          aria-controls={`${id}-options`}
          aria-autocomplete="list"
          aria-activedescendant={shown.length > 0 && active >= 0 ? `${id}-${active}` : undefined}
          aria-invalid={errors.length > 0 || undefined}
          aria-describedby={errors.length > 0 ? `${id}-errors` : undefined}
          placeholder='name:mail.* state:FAILURE input.to:"a@b.c" created:>1h'
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setCaret(event.target.selectionStart ?? event.target.value.length);
            setOpen(true);
            setActive(-1);
          }}
          onSelect={follow}
          onFocus={() => {
            follow();
            setOpen(true);
          }}
          onBlur={() => apply(text)}
          onKeyDown={onKeyDown}
        />
        {text !== '' && (
          <IconButton
            small
            label="Clear the filter"
            onClick={() => {
              setText('');
              if (value !== '') onApply('');
            }}
          >
            <X size={14} />
          </IconButton>
        )}
      </div>
      <ul
        id={`${id}-options`}
        role="listbox"
        aria-label="What can be filtered"
        className={styles['options']}
        hidden={shown.length === 0}
      >
        {shown.map((option, index) => (
          <li
            key={option.insert}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            className={styles['option']}
            // The field keeps the focus.
            onMouseDown={(event) => {
              event.preventDefault();
              choose(index);
            }}
          >
            <span className="mono">{option.label}</span>
            {option.detail && <span className={styles['detail']}>{option.detail}</span>}
          </li>
        ))}
      </ul>
      {errors.length > 0 && (!open || shown.length === 0) && (
        <div id={`${id}-errors`} className={styles['errors']} role="status">
          {errors.slice(0, 3).map((error) => (
            <p key={`${error.from}-${error.code}`}>
              <code>{text.slice(error.from, Math.min(error.to, error.from + 60))}</code> {error.message}
            </p>
          ))}
        </div>
      )}
    </div>
  );
}
