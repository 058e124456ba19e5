import { Plus } from 'lucide-react';
import { Button } from '../../ui/button.tsx';
import { useForm, type FieldProps } from './form-context.ts';
import { itemOf } from './schema.ts';
import { LeaveOut } from './leave-out.tsx';
import styles from './schema-form.module.css';
import { newItem } from './value.ts';

/** More items are written as JSON. */
const MOST = 200;

/** The items of a list. */
export function ListField({ schema, label, path, value, onChange }: FieldProps) {
  const { root, Field } = useForm();
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  const isFull = typeof schema['maxItems'] === 'number' && items.length >= schema['maxItems'];
  return (
    <>
      {items.slice(0, MOST).map((item, n) => (
        <div key={n} className={styles['entry']}>
          <Field
            bare
            schema={itemOf(schema, n, root)}
            label={`${label} ${n + 1}`}
            path={`${path}.${n}`}
            required
            value={item}
            onChange={(next) => onChange(items.map((one, at) => (at === n ? next : one)))}
          />
          <LeaveOut label={`${label} ${n + 1}`} onClick={() => onChange(items.filter((_, at) => at !== n))} />
        </div>
      ))}
      {items.length > MOST && <p className="muted">{items.length - MOST} more stand in the JSON.</p>}
      {!isFull && items.length < MOST && (
        <Button
          small
          icon={<Plus size={14} />}
          className={styles['add']}
          onClick={() => onChange([...items, newItem(itemOf(schema, items.length, root), root)])}
        >
          Add to {label.toLowerCase()}
        </Button>
      )}
    </>
  );
}
