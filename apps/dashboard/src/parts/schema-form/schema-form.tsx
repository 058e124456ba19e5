import { useMemo, useState } from 'react';
import { FormContext } from './form-context.ts';
import { ObjectFields } from './object-field.tsx';
import { kindOf, resolve, type Schema } from './schema.ts';
import { SchemaField } from './schema-field.tsx';
import styles from './schema-form.module.css';

export interface SchemaFormProps {
  readonly schema: Schema;
  /** What paths of `errors` begin with. Default: `input`. */
  readonly base?: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** All that is wrong with the value, in the gateway's words. */
  readonly errors: readonly { readonly path: string; readonly message: string }[];
  /** Say all of it now; else only of fields that were used. */
  readonly showAll: boolean;
  /** Nothing can be changed here for now. */
  readonly disabled?: boolean;
  /** Another number: the value was changed elsewhere, and is looked at anew. */
  readonly revision?: number;
}

/** A form made of a JSON Schema: its value is the JSON itself, so that nothing a user or a text says is lost by it. */
export function SchemaForm(props: SchemaFormProps) {
  const { schema, base = 'input', value, onChange, errors, showAll, disabled, revision = 0 } = props;
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [stash] = useState(() => new Map<string, unknown>());
  const root = useMemo(() => resolve(schema, schema), [schema]);
  const shared = {
    root: schema,
    Field: SchemaField,
    stash,
    touch: (path: string) => setTouched((before) => (before.has(path) ? before : new Set([...before, path]))),
    errorAt: (path: string) => {
      if (!showAll && !touched.has(path)) return undefined;
      const found = errors.filter((one) => one.path === path).map((one) => one.message);
      return found.length > 0 ? found.join('; ') : undefined;
    },
  };
  const field = { schema: root, label: 'Input', path: base, required: true, value, onChange };
  return (
    <FormContext value={shared}>
      <fieldset disabled={disabled} className={styles['form']}>
        <legend className="sr-only">Input</legend>
        {kindOf(root) === 'object' ? (
          <ObjectFields key={revision} {...field} />
        ) : (
          <SchemaField key={revision} {...field} />
        )}
      </fieldset>
    </FormContext>
  );
}
