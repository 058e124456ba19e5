import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { Annotation, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useEffectEvent, useRef } from 'react';
import styles from './json-editor.module.css';

export interface JsonEditorProps {
  /** What is written at first; later changes of it are not taken over, so that nothing typed is lost. */
  readonly initial: string;
  /** What it shows, where others write it too. Left out: what is typed alone. */
  readonly text?: string;
  readonly onChange: (text: string) => void;
  readonly label: string;
  /** `Ctrl Enter` */
  readonly onSubmit?: () => void;
}

const THEME = EditorView.theme({
  '&': { fontSize: 'var(--size-small)', color: 'var(--text)', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--text-faint)', border: 'none' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { backgroundColor: 'var(--accent-soft) !important' },
  '.cm-matchingBracket': { backgroundColor: 'var(--n5)' },
});

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--text-muted)' },
  { tag: tags.string, color: 'var(--state-success)' },
  { tag: tags.number, color: 'var(--state-waiting)' },
  { tag: [tags.bool, tags.null], color: 'var(--state-retry)' },
]);

/** A change that came by `text`, of which nobody needs to be told. */
const told = Annotation.define<boolean>();

/**
 * An editor of JSON. It stands in a shadow tree: there the editor's styles are constructed sheets, which the content
 * security policy allows; in the page itself they would be `<style>` elements, which it does not.
 */
export function JsonEditor({ initial, text, onChange, label, onSubmit }: JsonEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(undefined);
  const changed = useEffectEvent(onChange);
  const submit = useEffectEvent(() => onSubmit?.());
  const first = useEffectEvent(() => initial);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: first(),
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          json(),
          THEME,
          syntaxHighlighting(COLOURS),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, 'aria-multiline': 'true', role: 'textbox' }),
          keymap.of([
            { key: 'Mod-Enter', run: () => (submit(), true) },
            // Esc, then Tab leaves the editor, as everywhere.
            { key: 'Escape', run: ({ contentDOM }) => (contentDOM.blur(), true) },
            ...defaultKeymap,
            ...historyKeymap,
            indentWithTab,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((one) => one.annotation(told)))
              changed(update.state.doc.toString());
          }),
        ],
      }),
    });
    editor.current = view;
    return () => {
      editor.current = undefined;
      view.destroy();
    };
  }, [label]);
  useEffect(() => {
    const view = editor.current;
    if (!view || text === undefined || view.state.doc.toString() === text) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, annotations: told.of(true) });
  }, [text]);
  return <div ref={host} className={styles['editor']} />;
}
