import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import type { ContractDocument, ScheduleDocument } from '@lovage/http-api';
import { useContracts } from '../../../api/queries/lists.ts';
import { useChangeSchedule, useCreateSchedule, useScheduleCheck } from '../../../api/queries/schedules.ts';
import { ApiErrorState } from '../../../parts/api-error.tsx';
import { useJsonDraft } from '../../../parts/json-draft.ts';
import { SchemaForm } from '../../../parts/schema-form/schema-form.tsx';
import type { Schema } from '../../../parts/schema-form/schema.ts';
import { startOf } from '../../../parts/schema-form/value.ts';
import { Button } from '../../../ui/button.tsx';
import { Combobox } from '../../../ui/combobox.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Skeleton } from '../../../ui/feedback.tsx';
import { Checkbox } from '../../../ui/switch.tsx';
import { Tabs } from '../../../ui/tabs.tsx';
import { TextField } from '../../../ui/text-field.tsx';
import { useSettled } from '../../../ui/use-settled.ts';
import styles from '../schedule.module.css';
import { OptionFields } from './option-fields.tsx';
import { bodyOf, formOf, NEW_SCHEDULE, type ScheduleForm } from './schedule-form.ts';
import { WhenFields } from './when-fields.tsx';

const JsonEditor = lazy(() =>
  import('../../../ui/json/json-editor.tsx').then(({ JsonEditor: editor }) => ({ default: editor })),
);

export interface ScheduleDialogProps {
  /** The one to be changed; left out: a new one. */
  readonly schedule?: ScheduleDocument;
  readonly onClose: () => void;
  readonly onDone: (schedule: ScheduleDocument) => void;
}

/** Makes a schedule, or changes one that people made. The gateway says what is wrong, and when it fires, while one types. */
export function ScheduleDialog({ schedule, onClose, onDone }: ScheduleDialogProps) {
  // What it was when the dialog opened: what comes meanwhile changes nothing that was typed.
  const [from] = useState(schedule);
  const contracts = useContracts();
  const [form, setForm] = useState<ScheduleForm>(() => (from ? formOf(from) : NEW_SCHEDULE));
  const input = useJsonDraft(from?.input ?? {});
  const [showAll, setShowAll] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const create = useCreateSchedule();
  const edit = useChangeSchedule(form.name);
  const doing = from ? edit : create;
  const contract = contracts.data?.items.find(({ name }) => name === form.contract);
  const body = useMemo(() => bodyOf(form, input.value, from?.options.unique), [form, input.value, from]);
  const settled = useSettled(body);
  const check = useScheduleCheck(settled);
  const refused = doing.error?.errors ?? [];
  const errors = refused.length > 0 ? refused : (check.data?.errors ?? []);
  const errorAt = (path: string): string | undefined => {
    const found = errors.filter((one) => one.path === path || one.path.startsWith(`${path}.`));
    return found.length > 0 ? found.map(({ message }) => message).join('; ') : undefined;
  };
  const change = (part: Partial<ScheduleForm>): void => {
    setForm((now) => ({ ...now, ...part }));
    if (doing.error) doing.reset();
  };
  const choose = (name: string | null): void => {
    change({ contract: name });
    const chosen = contracts.data?.items.find((one) => one.name === name);
    if (chosen) input.setText(textOfStart(chosen));
  };
  const save = (): void => {
    setShowAll(true);
    if (form.contract === null || input.error !== undefined || doing.isPending) return;
    if (settled === body && errors.length > 0 && !check.isFetching) {
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    const { name: _name, ...rest } = body;
    if (from) edit.mutate({ ...rest, revision: from.revision }, { onSuccess: onDone });
    else create.mutate(body, { onSuccess: onDone });
  };
  const verb = from ? 'Change the schedule' : 'Create the schedule';
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={from ? `Change ${from.name}` : 'New schedule'}
      actions={
        <>
          {showAll && errors.length > 0 && (
            <span role="status" className={styles['wrong']}>
              {errors
                .slice(0, 4)
                .map(({ path, message }) => `${path}: ${message}`)
                .join('; ')}
            </span>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={doing.isPending} disabled={input.error !== undefined} onClick={save}>
            {verb}
          </Button>
        </>
      }
    >
      <div className={styles['form']} ref={box}>
        <div className={styles['fields']}>
          {!from && (
            <TextField
              label="Name"
              help="Lower case words with dots between them: reports.daily"
              error={showAll || form.name !== '' ? errorAt('name') : undefined}
              value={form.name}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
          <Combobox
            label="Contract"
            placeholder="What to run"
            value={form.contract}
            options={contracts.data?.items.map(({ name }) => name) ?? []}
            onChange={choose}
          />
        </div>
        {showAll && form.contract === null && <p className={styles['wrong']}>Choose a contract: it is what fires.</p>}
        <WhenFields form={form} change={change} errorAt={errorAt} next={check.data?.nextFirings ?? []} />
        {contract && (
          <InputFields
            contract={contract}
            input={input}
            errors={errors}
            showAll={showAll}
            onChange={() => doing.error && doing.reset()}
            onSubmit={save}
          />
        )}
        <details>
          <summary>How its tasks are sent</summary>
          <OptionFields form={form} change={change} errorAt={errorAt} contract={contract} />
        </details>
        <Checkbox checked={form.enabled} onChange={(enabled) => change({ enabled })}>
          It fires by itself; else by hand alone
        </Checkbox>
        {doing.error && doing.error.errors.length === 0 && (
          <ApiErrorState what={`The schedule was not ${from ? 'changed' : 'created'}`} error={doing.error} />
        )}
      </div>
    </Dialog>
  );
}

interface InputFieldsProps {
  readonly contract: ContractDocument;
  readonly input: ReturnType<typeof useJsonDraft>;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
  readonly showAll: boolean;
  readonly onChange: () => void;
  readonly onSubmit: () => void;
}

/** What it runs with: a form of the contract's schema, and the same as JSON. */
function InputFields({ contract, input, errors, showAll, onChange, onSubmit }: InputFieldsProps) {
  const [tab, setTab] = useState<'form' | 'json'>('form');
  const wrong = errors.filter(({ path }) => path === 'input' || path.startsWith('input.'));
  return (
    <Tabs
      label="Input"
      value={tab}
      onChange={setTab}
      tabs={[
        { value: 'form', label: 'Input' },
        { value: 'json', label: 'Input as JSON' },
      ]}
    >
      {tab === 'form' ? (
        <SchemaForm
          key={contract.name}
          revision={input.revision}
          schema={contract.input as Schema}
          value={input.value}
          onChange={(value) => {
            input.setValue(value);
            onChange();
          }}
          errors={errors}
          showAll={showAll}
          disabled={input.error !== undefined}
        />
      ) : (
        <Suspense fallback={<Skeleton lines={6} />}>
          <JsonEditor
            initial={input.text}
            text={input.text}
            label="Input as JSON"
            onChange={(text) => {
              input.setText(text);
              onChange();
            }}
            onSubmit={onSubmit}
          />
        </Suspense>
      )}
      {(input.error !== undefined || (tab === 'json' && wrong.length > 0)) && (
        <p role="status" className={styles['wrong']}>
          {input.error === undefined
            ? wrong.map(({ path, message }) => `${path}: ${message}`).join('; ')
            : `This is no JSON yet: ${input.error}`}
        </p>
      )}
    </Tabs>
  );
}

function textOfStart({ input }: ContractDocument): string {
  return JSON.stringify(startOf(input as Schema, input as Schema) ?? {}, null, 2);
}
