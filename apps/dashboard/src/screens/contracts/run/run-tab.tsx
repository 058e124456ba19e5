import { useNavigate } from '@tanstack/react-router';
import type { ContractDocument } from '@lovage/http-api';
import { Play, Undo2 } from 'lucide-react';
import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import { useContractCheck, useSubmitTask, type Submission } from '../../../api/queries/contracts.ts';
import { useShortcut } from '../../../app/shortcuts.ts';
import { ApiErrorState } from '../../../parts/api-error.tsx';
import { SchemaForm } from '../../../parts/schema-form/schema-form.tsx';
import type { Schema } from '../../../parts/schema-form/schema.ts';
import { exampleOf } from '../../../parts/schema-form/value.ts';
import { Button } from '../../../ui/button.tsx';
import { CodeBlock } from '../../../ui/code-block.tsx';
import { Skeleton } from '../../../ui/feedback.tsx';
import { plural } from '../../../ui/format.ts';
import { Panel } from '../../../ui/page.tsx';
import { Tabs } from '../../../ui/tabs.tsx';
import { useSettled } from '../../../ui/use-settled.ts';
import { optionsOf } from './options.ts';
import { OptionsFields } from './options-fields.tsx';
import { RecentInputs } from './recent-inputs.tsx';
import styles from './run.module.css';
import { curlOf, typescriptOf } from './snippets.ts';
import { Submitted } from './submitted.tsx';
import { useDraft } from './use-draft.ts';

const JsonEditor = lazy(() =>
  import('../../../ui/json/json-editor.tsx').then(({ JsonEditor: editor }) => ({ default: editor })),
);
/** Submits that are told of. */
const MOST_TOLD = 10;

/** A form of a contract's input, the same as JSON, curl and TypeScript, and a button that submits it. */
export function RunTab({ contract }: { contract: ContractDocument }) {
  const { name } = contract;
  const schema = contract.input as Schema;
  const navigate = useNavigate();
  const draft = useDraft(contract);
  const submit = useSubmitTask(name);
  const form = useRef<HTMLDivElement>(null);
  const [showAll, setShowAll] = useState(false);
  const [sent, setSent] = useState<readonly string[]>([]);
  const options = useMemo(() => optionsOf(draft.options), [draft.options]);
  const body = useMemo<Submission | undefined>(
    () => (draft.error === undefined ? { input: draft.value, ...(options && { options }) } : undefined),
    [draft.error, draft.value, options],
  );
  const settled = useSettled(body);
  const check = useContractCheck(name, settled);
  const errors = (submit.error?.errors.length ? submit.error.errors : check.data?.errors) ?? [];
  const example = useMemo(() => exampleOf(schema, schema), [schema]);
  const isWrong = errors.length > 0;

  const changed = (): void => {
    if (submit.error) submit.reset();
  };
  const run = (): void => {
    setShowAll(true);
    if (!body || submit.isPending) return;
    if (settled === body && isWrong && !check.isFetching) return focusFirst(form.current);
    submit.mutate(body, {
      onSuccess: ({ id }) => {
        setShowAll(false);
        setSent((before) => [id, ...before.filter((one) => one !== id)].slice(0, MOST_TOLD));
      },
    });
  };
  useShortcut('ctrl+Enter', 'Run the contract', run);
  const taskId = submit.error?.taskId;

  return (
    <div
      className={styles['split']}
      // Where one types keys belong to the field; these two belong to the form.
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) {
          event.preventDefault();
          event.stopPropagation();
          run();
        }
      }}
    >
      <div className={styles['column']} ref={form}>
        <div className={styles['tools']}>
          {example !== undefined && (
            <Button small onClick={() => (draft.replace(example), changed())}>
              Fill in the example
            </Button>
          )}
          <RecentInputs contract={name} onChoose={(input) => (draft.replace(input), changed())} />
          {draft.undo && (
            <Button small kind="ghost" icon={<Undo2 size={14} />} onClick={draft.undo}>
              Back to what was typed
            </Button>
          )}
        </div>
        {draft.error !== undefined && (
          <p role="status" className={styles['wrong']}>
            The form waits until the JSON can be read: {draft.error}{' '}
            <Button small onClick={draft.dropText}>
              Drop the change of the JSON
            </Button>
          </p>
        )}
        <SchemaForm
          revision={draft.revision}
          schema={schema}
          value={draft.value}
          onChange={(value) => (draft.setValue(value), changed())}
          errors={errors}
          showAll={showAll}
          disabled={draft.error !== undefined}
        />
        <details className={styles['optionsBox']} open={options !== undefined || undefined}>
          <summary>Options{options && `: ${Object.keys(options).join(', ')}`}</summary>
          <OptionsFields
            contract={contract}
            value={draft.options}
            errors={errors}
            onChange={(next) => (draft.setOptions(next), changed())}
          />
        </details>
        <div className={styles['run']}>
          <Button kind="primary" icon={<Play size={14} />} busy={submit.isPending} disabled={!body} onClick={run}>
            Run {name}
          </Button>
          {isWrong && showAll ? (
            <span role="status" className={styles['wrong']}>
              {plural(errors.length, 'thing')} to mend:{' '}
              {errors
                .slice(0, 5)
                .map(({ path, message }) => `${path}: ${message}`)
                .join('; ')}
            </span>
          ) : (
            <span className={styles['hint']}>Ctrl Enter</span>
          )}
        </div>
        {submit.error && submit.error.errors.length === 0 && (
          <ApiErrorState what="The task was not submitted" error={submit.error} />
        )}
        {taskId !== undefined && (
          <Button small onClick={() => void navigate({ to: '/tasks/$id', params: { id: taskId } })}>
            Open the conflicting task
          </Button>
        )}
        <Submitted ids={sent} />
      </div>
      <Beside
        name={name}
        text={draft.text}
        body={body ?? { input: draft.value, ...(options && { options }) }}
        onText={(text) => (draft.setText(text), changed())}
        onSubmit={run}
      />
    </div>
  );
}

interface BesideProps {
  readonly name: string;
  readonly text: string;
  readonly body: Submission;
  readonly onText: (text: string) => void;
  readonly onSubmit: () => void;
}

/** The same submit in other words. */
function Beside({ name, text, body, onText, onSubmit }: BesideProps) {
  const [tab, setTab] = useState<'json' | 'curl' | 'ts'>('json');
  return (
    <Panel>
      <Tabs
        label="The submit as text"
        value={tab}
        onChange={setTab}
        tabs={[
          { value: 'json', label: 'JSON' },
          { value: 'curl', label: 'curl' },
          { value: 'ts', label: 'TypeScript' },
        ]}
      >
        {tab === 'json' && (
          <Suspense fallback={<Skeleton lines={6} />}>
            <JsonEditor initial={text} text={text} label="Input as JSON" onChange={onText} onSubmit={onSubmit} />
          </Suspense>
        )}
        {tab === 'curl' && <CodeBlock code={curlOf(location.origin, name, body)} label="curl command" />}
        {tab === 'ts' && <CodeBlock code={typescriptOf(name, body)} label="TypeScript" />}
      </Tabs>
    </Panel>
  );
}

/** The first field that is wrong, once it says so. */
function focusFirst(form: HTMLElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
