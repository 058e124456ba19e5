import type { ContractDocument } from '@lovage/http-api';
import { Zap } from 'lucide-react';
import { useState } from 'react';
import { formatJson, parseJson } from '../../api/json.ts';
import { useContractCheck } from '../../api/queries/contracts.ts';
import { useStartLoadTest } from '../../api/queries/load-tests.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import type { Schema } from '../../parts/schema-form/schema.ts';
import { exampleOf, startOf } from '../../parts/schema-form/value.ts';
import { SchemaForm } from '../../parts/schema-form/schema-form.tsx';
import { Button } from '../../ui/button.tsx';
import { Combobox } from '../../ui/combobox.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { formatWhole } from '../../ui/format.ts';
import { TextField } from '../../ui/text-field.tsx';
import styles from './load-test.module.css';

export interface NewTestFormProps {
  readonly contracts: readonly ContractDocument[];
  /** Name of the one that is chosen. */
  readonly contract: string | undefined;
  /** One runs already. */
  readonly isBusy: boolean;
  readonly onContract: (name: string) => void;
  /** With the id of the test. */
  readonly onStarted: (id: string) => void;
}

/** Bounds of the gateway, as `LOAD_TEST_MAX` has them. */
const BOUNDS = { total: [1, 1_000_000], seconds: [1, 600], rate: [0.1, 10_000], rampSeconds: [0, 600] } as const;
type NumberName = keyof typeof BOUNDS;

/** Which contract, with which input, how many, how fast, how long. */
export function NewTestForm({ contracts, contract: name, isBusy, onContract, onStarted }: NewTestFormProps) {
  const contract = contracts.find((one) => one.name === name);
  return (
    <div className={styles['form']}>
      <Combobox
        label="Contract"
        value={contract?.name ?? null}
        options={contracts.map((one) => one.name)}
        onChange={(next) => next !== null && onContract(next)}
      />
      {contract && <Bounds key={contract.name} contract={contract} isBusy={isBusy} onStarted={onStarted} />}
    </div>
  );
}

function Bounds({
  contract,
  isBusy,
  onStarted,
}: { contract: ContractDocument } & Pick<NewTestFormProps, 'isBusy' | 'onStarted'>) {
  const schema = contract.input as Schema;
  const start = useStartLoadTest();
  const [input, setInput] = useState<unknown>(() => exampleOf(schema, schema) ?? startOf(schema, schema));
  const [texts, setTexts] = useState({ total: '1000', seconds: '30', rate: '100', rampSeconds: '5' });
  const [asked, setAsked] = useState(false);
  const check = useContractCheck(contract.name, { input: parseJson(formatJson(input)) });
  const errors = check.data?.errors ?? [];
  const wrong = (each: NumberName): string | undefined => {
    const text = texts[each].trim();
    if (each === 'rate' && text === '') return undefined;
    const [least, most] = BOUNDS[each];
    const value = Number(text);
    if (text !== '' && value >= least && value <= most && (each === 'rate' || Number.isInteger(value)))
      return undefined;
    return `${each === 'rate' ? 'A number' : 'A whole number'} from ${formatWhole(least)} to ${formatWhole(most)}`;
  };
  const isWrong = (Object.keys(BOUNDS) as NumberName[]).some((each) => wrong(each) !== undefined) || errors.length > 0;
  const field = (each: NumberName, label: string, help?: string) => (
    <TextField
      label={label}
      help={help}
      error={wrong(each)}
      inputMode="decimal"
      autoComplete="off"
      value={texts[each]}
      onChange={(event) => setTexts({ ...texts, [each]: event.target.value })}
    />
  );
  const rate = texts.rate.trim();
  const run = (): void =>
    start.mutate(
      {
        contract: contract.name,
        input,
        total: Number(texts.total),
        seconds: Number(texts.seconds),
        rampSeconds: Number(texts.rampSeconds),
        ...(rate !== '' && { rate: Number(rate) }),
      },
      {
        onSuccess: ({ id }) => {
          setAsked(false);
          onStarted(id);
        },
      },
    );
  return (
    <>
      <div className={styles['numbers']}>
        {field('total', 'Tasks at most')}
        {field('seconds', 'Seconds at most')}
        {field('rate', 'Tasks a second', 'Left empty: as fast as it goes')}
        {field('rampSeconds', 'Ramp, seconds', 'The rate rises within them')}
      </div>
      <SchemaForm schema={schema} value={input} onChange={setInput} errors={errors} showAll />
      <Button kind="primary" icon={<Zap size={14} />} disabled={isWrong || isBusy} onClick={() => setAsked(true)}>
        Start the load test
      </Button>
      {isBusy && <p className="muted">One runs. Stop it, or wait until it ends.</p>}
      {asked && (
        <ConfirmDialog
          open
          onClose={() => {
            setAsked(false);
            start.reset();
          }}
          title={`Submit up to ${formatWhole(Number(texts.total))} tasks of ${contract.name}?`}
          verb="Start the load test"
          busy={start.isPending}
          problem={start.error && <ApiErrorState what="The load test was not started" error={start.error} />}
          onConfirm={run}
        >
          <p>
            They are real tasks: they run on the workers, {rate === '' ? 'as fast as it goes' : `${rate} a second`} for
            at most {texts.seconds} s, and other tasks of the queue {contract.defaults.queue} wait behind them. You can
            stop it; what was submitted by then still runs.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
