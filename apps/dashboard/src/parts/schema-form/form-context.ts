import { createContext, use, type ComponentType } from 'react';
import type { Schema } from './schema.ts';

/** What all fields of one form share. */
export interface FormShared {
  /** The whole schema: references lead into it. */
  readonly root: Schema;
  /** One value of any schema; here, since lists and objects hold such again. */
  readonly Field: ComponentType<FieldProps>;
  /** What is wrong with the value at a path, where it is time to say so. */
  readonly errorAt: (path: string) => string | undefined;
  /** A field was left, or changed: from now on it says what is wrong. */
  readonly touch: (path: string) => void;
  /** Values that were taken out, by path: they come back when the field does. */
  readonly stash: Map<string, unknown>;
}

export const FormContext = createContext<FormShared | undefined>(undefined);

/** @throws Error outside of a form. */
export function useForm(): FormShared {
  const shared = use(FormContext);
  if (!shared) throw new Error('no form is around this field');
  return shared;
}

export interface FieldProps {
  /** Without references. */
  readonly schema: Schema;
  readonly label: string;
  /** As the gateway names it: `input.sizes.0.width`. */
  readonly path: string;
  readonly required: boolean;
  /** undefined: left out. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** Says what stands around it already: an item of a list has its number there. */
  readonly bare?: boolean;
}
