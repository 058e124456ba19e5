import { useMemo, useState } from 'react';
import { formatJson, parseJson } from '../api/json.ts';

/** JSON that is being typed: its text, and the last value that it was. */
export interface JsonDraft {
  readonly text: string;
  /** The last JSON that could be read. */
  readonly value: unknown;
  /** Why the text is no JSON; undefined: it is. */
  readonly error: string | undefined;
  /** Grows with each change that is not a form's own: the form looks at the value anew. */
  readonly revision: number;
  readonly setText: (text: string) => void;
  /** From a form beside it. */
  readonly setValue: (value: unknown) => void;
}

/** JSON that is written as text, by a form, or by both, alternating. `initial` counts once. */
export function useJsonDraft(initial: unknown): JsonDraft {
  const [text, setText] = useState(() => formatJson(initial, 2));
  const [value, setValue] = useState(initial);
  const [revision, setRevision] = useState(0);
  const error = useMemo(() => readJson(text).error, [text]);
  return {
    ...{ text, value, error, revision },
    setText: (next) => {
      setText(next);
      const { value: nextValue, error: nextError } = readJson(next);
      if (nextError !== undefined) return;
      setValue(nextValue);
      setRevision((now) => now + 1);
    },
    setValue: (next) => {
      setValue(next);
      setText(formatJson(next, 2));
    },
  };
}

/** What a text is as JSON, or why it is no JSON. */
export function readJson(text: string): { readonly value?: unknown; readonly error?: string } {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
