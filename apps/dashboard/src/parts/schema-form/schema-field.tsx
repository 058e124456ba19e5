import type { ReactNode } from 'react';
import { formatJson } from '../../api/json.ts';
import { Button } from '../../ui/button.tsx';
import { Select, TextArea, TextField } from '../../ui/text-field.tsx';
import { useForm, type FieldProps } from './form-context.ts';
import { LeaveOut } from './leave-out.tsx';
import { ListField } from './list-field.tsx';
import { ObjectFields } from './object-field.tsx';
import { helpOf, kindOf, type Schema } from './schema.ts';
import styles from './schema-form.module.css';
import { UnionField } from './union-field.tsx';
import { newItem, numberOf, same, shows, textOf } from './value.ts';

/** Longer texts are written in several lines. */
const LONG_TEXT = 5_000;
const LEFT_OUT = 'out';

/** One value of a schema: the control that fits it. */
export function SchemaField(props: FieldProps) {
  const { schema, value, required, path, label, onChange } = props;
  const { root, stash } = useForm();
  const kind = kindOf(schema);
  if (value !== undefined && !shows(schema, value)) return <Mismatch {...props} />;
  if (kind === 'text' || kind === 'number') return <TextOrNumber {...props} number={kind === 'number'} />;
  if (kind === 'boolean') return <Choice {...props} values={[true, false]} names={['Yes', 'No']} />;
  if (kind === 'choice') return <Choice {...props} values={schema['enum'] as unknown[]} />;
  if (kind === 'const') return <Choice {...props} values={[schema['const']]} />;
  if (kind === 'null') return <Choice {...props} values={[null]} />;
  if (value === undefined)
    return (
      <div className={styles['absent']}>
        <Heading {...props} />
        <Button small onClick={() => onChange(stash.get(path) ?? newItem(schema, root))}>
          Add {label.toLowerCase()}
        </Button>
      </div>
    );
  const leave = !required && (
    <LeaveOut
      label={label}
      onClick={() => {
        stash.set(path, value);
        onChange(undefined);
      }}
    />
  );
  return (
    <Group {...props} action={leave}>
      {kind === 'list' ? (
        <ListField {...props} />
      ) : kind === 'object' ? (
        <ObjectFields {...props} />
      ) : (
        <UnionField {...props} />
      )}
    </Group>
  );
}

/** Several fields under one name. */
function Group({ action, children, ...props }: FieldProps & { action: ReactNode; children: ReactNode }) {
  const error = useForm().errorAt(props.path);
  return (
    <div role="group" aria-label={props.label} className={styles['group']}>
      {(!props.bare || action) && (
        <div className={styles['groupHead']}>
          {!props.bare && <Heading {...props} />}
          {action}
        </div>
      )}
      <div className={styles['inner']}>{children}</div>
      {error && (
        <p role="alert" className={styles['error']}>
          {error}
        </p>
      )}
    </div>
  );
}

function Heading({ label, schema, required }: FieldProps) {
  const help = helpOf(schema);
  return (
    <div className={styles['heading']}>
      <span className={styles['label']}>
        {label}
        {!required && ' (optional)'}
      </span>
      {help && <span className={styles['help']}>{help}</span>}
    </div>
  );
}

function TextOrNumber({ number, ...props }: FieldProps & { number: boolean }) {
  const { schema, label, path, required, value, onChange } = props;
  const { errorAt, touch } = useForm();
  const text = textOf(value);
  const change = (typed: string): void => {
    touch(path);
    // An optional text that is cleared is left out; an empty one is written as JSON.
    if (typed === '' && !required) onChange(undefined);
    else onChange(number ? numberOf(typed) : typed);
  };
  const shared = {
    label: required ? label : `${label} (optional)`,
    help: props.bare ? undefined : (helpOf(schema) ?? boundsOf(schema)),
    error: errorAt(path),
    value: text,
    placeholder: value === '' && !required ? 'An empty text' : placeholderOf(schema),
    spellCheck: false,
    autoComplete: 'off',
    onBlur: () => touch(path),
  };
  const long = !number && (text.includes('\n') || Number(schema['maxLength'] ?? 0) > LONG_TEXT);
  if (long) return <TextArea {...shared} onChange={(event) => change(event.target.value)} />;
  return (
    <TextField
      {...shared}
      mono={number}
      inputMode={number ? 'decimal' : undefined}
      onChange={(event) => change(event.target.value)}
    />
  );
}

interface ChoiceProps extends FieldProps {
  readonly values: readonly unknown[];
  /** What they are called. Default: as they are written. */
  readonly names?: readonly string[];
}

function Choice({ values, names, ...props }: ChoiceProps) {
  const { schema, label, path, required, value, onChange } = props;
  const { errorAt, touch } = useForm();
  const chosen = value === undefined ? -1 : values.findIndex((one) => same(one, value));
  const open = chosen < 0 || !required;
  return (
    <Select
      label={required ? label : `${label} (optional)`}
      help={props.bare ? undefined : helpOf(schema)}
      error={errorAt(path)}
      value={chosen < 0 ? LEFT_OUT : String(chosen)}
      options={[
        ...(open ? [{ value: LEFT_OUT, label: required ? 'Choose…' : 'Left out' }] : []),
        ...values.map((one, n) => ({
          value: String(n),
          label: names?.[n] ?? (typeof one === 'string' ? one : formatJson(one)),
        })),
      ]}
      onBlur={() => touch(path)}
      onChange={(next) => {
        touch(path);
        onChange(next === LEFT_OUT ? undefined : values[Number(next)]);
      }}
    />
  );
}

/** What the JSON holds is of another kind than the schema: it is shown, and stays until it is replaced. */
function Mismatch(props: FieldProps) {
  const { schema, value, path, onChange, label } = props;
  const { root, errorAt, stash } = useForm();
  return (
    <div role="group" aria-label={label} className={styles['absent']}>
      <Heading {...props} />
      <code className={styles['other']}>{formatJson(value)}</code>
      {errorAt(path) && <span className={styles['error']}>{errorAt(path)}</span>}
      <Button
        small
        onClick={() => {
          stash.set(`${path}!`, value);
          onChange(newItem(schema, root));
        }}
      >
        Replace {label.toLowerCase()}
      </Button>
    </div>
  );
}

function placeholderOf(schema: Schema): string | undefined {
  const example: unknown = Array.isArray(schema['examples']) ? schema['examples'][0] : undefined;
  return ['string', 'number'].includes(typeof example) ? `For example ${String(example)}` : undefined;
}

function boundsOf(schema: Schema): string | undefined {
  const { minimum, maximum } = schema;
  const whole = schema['type'] === 'integer' ? 'A whole number' : 'A number';
  if (typeof minimum === 'number' && typeof maximum === 'number') return `${whole} from ${minimum} to ${maximum}`;
  if (typeof minimum === 'number') return `${whole}, ${minimum} or more`;
  return typeof maximum === 'number' ? `${whole}, at most ${maximum}` : undefined;
}
