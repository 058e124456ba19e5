import { Plus } from 'lucide-react';
import { useState } from 'react';
import { formatJson } from '../../api/json.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { useForm, type FieldProps } from './form-context.ts';
import { furtherOf, isObject, labelOf, propertiesOf } from './schema.ts';
import { LeaveOut } from './leave-out.tsx';
import styles from './schema-form.module.css';
import { newItem, renamed, withField } from './value.ts';

/** The fields of an object: those that the schema names, and those beside them. */
export function ObjectFields({ schema, path, value, onChange }: FieldProps) {
  const { root, Field } = useForm();
  const object = isObject(value) ? value : {};
  const fields = propertiesOf(schema, root);
  const further = furtherOf(schema, root);
  const named = new Set(fields.map(({ name }) => name));
  const others = Object.keys(object).filter((name) => !named.has(name));
  const set = (name: string, next: unknown): void => onChange(withField(object, name, next));
  return (
    <>
      {fields.length === 0 && !further && others.length === 0 && <p className="muted">There is nothing to fill in.</p>}
      {fields.map((field) => (
        <Field
          key={field.name}
          schema={field.schema}
          label={labelOf(field.schema, field.name)}
          path={`${path}.${field.name}`}
          required={field.required}
          value={Object.hasOwn(object, field.name) ? object[field.name] : undefined}
          onChange={(next) => set(field.name, next)}
        />
      ))}
      {others.map((name, n) => (
        // By its place: a name is typed, and what is typed into stays what it is.
        <div key={n} className={styles['entry']}>
          {further ? (
            <>
              <NameField
                name={name}
                taken={(next) => Object.hasOwn(object, next)}
                onChange={(next) => onChange(renamed(object, name, next))}
              />
              <Field
                schema={further}
                label={`Value of ${name || 'the field without a name'}`}
                path={`${path}.${name}`}
                required
                value={object[name]}
                onChange={(next) => set(name, next)}
              />
            </>
          ) : (
            <p className={styles['unknown']}>
              <code>
                {name}: {formatJson(object[name])}
              </code>{' '}
              is no field of the contract.
            </p>
          )}
          <LeaveOut label={name || 'the field without a name'} onClick={() => set(name, undefined)} />
        </div>
      ))}
      {further && (
        <Button
          small
          icon={<Plus size={14} />}
          className={styles['add']}
          onClick={() => set(freeName(object), newItem(further, root))}
        >
          Add field
        </Button>
      )}
    </>
  );
}

/** The name of a field. One that another field has is not taken over while it is typed. */
function NameField(props: { name: string; taken: (name: string) => boolean; onChange: (name: string) => void }) {
  const [typed, setTyped] = useState(props.name);
  const [shownFor, setShownFor] = useState(props.name);
  if (shownFor !== props.name) {
    setShownFor(props.name);
    setTyped(props.name);
  }
  const clashes = typed !== props.name && props.taken(typed);
  return (
    <TextField
      label="Name"
      value={typed}
      error={clashes ? 'Another field has this name' : undefined}
      spellCheck={false}
      autoComplete="off"
      onChange={({ target }) => {
        setTyped(target.value);
        if (props.taken(target.value)) return;
        setShownFor(target.value);
        props.onChange(target.value);
      }}
    />
  );
}

function freeName(object: Readonly<Record<string, unknown>>): string {
  for (let n = 0; ; n += 1) {
    const name = n === 0 ? '' : `field ${n + 1}`;
    if (!Object.hasOwn(object, name)) return name;
  }
}
