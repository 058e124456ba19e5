import { useState } from 'react';
import { Select } from '../../ui/text-field.tsx';
import { useForm, type FieldProps } from './form-context.ts';
import { branchesOf, branchName, resolve } from './schema.ts';
import { branchOf, fit, newItem } from './value.ts';

/** A value that fits one of several schemas. What was typed for the one comes back when it is chosen again. */
export function UnionField(props: FieldProps) {
  const { schema, label, path, value, onChange } = props;
  const { root, stash, Field } = useForm();
  const branches = branchesOf(schema).map((one) => resolve(one, root));
  const [chosen, setChosen] = useState<number>();
  const kept = chosen !== undefined && branches[chosen] && fit(branches[chosen], value, root) > 0;
  const at = kept ? chosen : branchOf(schema, value, root);
  const branch = branches[at] ?? {};
  return (
    <>
      <Select
        label={`Kind of ${label.toLowerCase()}`}
        value={String(at)}
        options={branches.map((one, n) => ({ value: String(n), label: branchName(one, root) }))}
        onChange={(next) => {
          stash.set(`${path}#${at}`, value);
          setChosen(Number(next));
          const place = `${path}#${next}`;
          onChange(stash.has(place) ? stash.get(place) : newItem(branches[Number(next)] ?? {}, root));
        }}
      />
      {branch['type'] !== 'null' && (
        <Field key={at} {...props} bare schema={branch} required value={value} onChange={onChange} />
      )}
    </>
  );
}
