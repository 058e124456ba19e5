import { useEffect, useMemo, useState } from 'react';
import type { ContractDocument } from '@lovage/http-api';
import { formatJson } from '../../../api/json.ts';
import { useUser } from '../../../api/use-session.ts';
import { readJson } from '../../../parts/json-draft.ts';
import type { Schema } from '../../../parts/schema-form/schema.ts';
import { startOf } from '../../../parts/schema-form/value.ts';
import { NO_OPTIONS, type OptionTexts } from './options.ts';

export interface Draft {
  /** The JSON of the input, as it was typed. */
  readonly text: string;
  readonly options: OptionTexts;
}

/** Longer drafts are kept in the page alone. */
const MAX_KEPT = 200_000;

/**
 * What is typed to be submitted: the JSON is what counts, and the form is another way to write it. It survives a reload, another
 * screen and the end of a session, in this tab and for this user.
 */
export function useDraft(contract: ContractDocument) {
  const user = useUser();
  const key = `lovage.run.${user.id}.${contract.name}`;
  const [draft, setDraft] = useState<Draft>(() => kept(key) ?? { text: emptyText(contract), options: NO_OPTIONS });
  /** The last JSON that could be read: what the form shows while another is being typed. */
  const [value, setValue] = useState<unknown>(() => readJson(draft.text).value ?? {});
  /** Grows with each change that is not the form's own: it looks at the value anew. */
  const [revision, setRevision] = useState(0);
  const [before, setBefore] = useState<string>();
  const error = useMemo(() => readJson(draft.text).error, [draft.text]);
  useEffect(() => keep(key, draft), [key, draft]);

  const setText = (text: string): void => {
    setDraft((now) => ({ ...now, text }));
    const next = readJson(text);
    if (next.error !== undefined) return;
    setValue(next.value);
    setRevision((now) => now + 1);
  };
  return {
    text: draft.text,
    options: draft.options,
    value,
    revision,
    /** Why the text is no JSON. */
    error,
    setText,
    setValue: (next: unknown) => {
      setValue(next);
      setDraft((now) => ({ ...now, text: formatJson(next, 2) }));
    },
    setOptions: (options: OptionTexts) => setDraft((now) => ({ ...now, options })),
    /** Another input in place of what was typed, which can be brought back. */
    replace: (next: unknown) => {
      setBefore(draft.text);
      setText(formatJson(next, 2));
    },
    /** Brings back what was there before `replace`; undefined: there is nothing. */
    undo:
      before === undefined || before === draft.text
        ? undefined
        : () => {
            setText(before);
            setBefore(undefined);
          },
    /** Back to the last text that was JSON. */
    dropText: () => setText(formatJson(value, 2)),
  };
}

function emptyText({ input }: ContractDocument): string {
  return formatJson(startOf(input as Schema, input as Schema), 2);
}

function kept(key: string): Draft | undefined {
  try {
    const { text, options } = JSON.parse(sessionStorage.getItem(key) ?? '') as Draft;
    return typeof text === 'string' ? { text, options: { ...NO_OPTIONS, ...options } } : undefined;
  } catch {
    return undefined;
  }
}

function keep(key: string, draft: Draft): void {
  try {
    if (draft.text.length <= MAX_KEPT) sessionStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // The browser keeps nothing: the page itself still does.
  }
}
