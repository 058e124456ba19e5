import type { ContractDocument } from '@lovage/http-api';
import { Select, TextField } from '../ui/text-field.tsx';

/** Texts of options of a task, as they are typed; what is empty is as the contract says. */
export type TypedOptions<Name extends string = string> = Readonly<Record<Name, string>>;

/** A form that has options of a task among its fields. */
export interface TaskOptionsForm<Name extends string> {
  readonly value: TypedOptions<Name>;
  readonly change: (name: Name, text: string) => void;
  /** What is wrong at a path of the body. */
  readonly errorAt: (path: string) => string | undefined;
}

export interface TaskOptionProps<Name extends string> {
  readonly of: TaskOptionsForm<Name>;
  readonly name: Name;
  readonly label: string;
  readonly help: string;
  /** Where the body has it. Default: in its options, under its name. */
  readonly path?: string;
}

/** An option that is typed. */
export function TaskOption<Name extends string>({ of, name, label, help, path }: TaskOptionProps<Name>) {
  const text = of.value[name];
  return (
    <TextField
      label={label}
      help={help}
      error={text === '' ? undefined : of.errorAt(path ?? `options.${name}`)}
      value={text}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => of.change(name, event.target.value)}
    />
  );
}

export function QueueOption({
  of,
  contract,
}: {
  readonly of: TaskOptionsForm<'queue'>;
  readonly contract: ContractDocument | undefined;
}) {
  const help = contract ? `Left empty: ${contract.defaults.queue}, or as its route says` : 'As the contract';
  return <TaskOption of={of} name="queue" label="Queue" help={help} />;
}

export function PriorityOption({
  of,
  contract,
}: {
  readonly of: TaskOptionsForm<'priority'>;
  readonly contract: ContractDocument | undefined;
}) {
  const given = contract?.defaults.priority;
  const unset = given === undefined ? 'As the contract' : given === null ? 'None, as 4' : `As the contract: ${given}`;
  return (
    <Select
      label="Priority"
      help="The higher the sooner"
      error={of.errorAt('options.priority')}
      value={of.value.priority}
      options={[
        { value: '', label: unset },
        ...Array.from({ length: 10 }, (_, n) => ({ value: String(9 - n), label: String(9 - n) })),
      ]}
      onChange={(priority) => of.change('priority', priority)}
    />
  );
}

export function TimeLimitOptions({ of }: { readonly of: TaskOptionsForm<'timeLimit' | 'softTimeLimit'> }) {
  return (
    <>
      <TaskOption of={of} name="timeLimit" label="Time limit" help="A run as long as this fails" />
      <TaskOption of={of} name="softTimeLimit" label="Soft time limit" help="Then it is told to tidy up" />
    </>
  );
}

export function UniqueOption({
  of,
  help,
  more = [],
}: {
  readonly of: TaskOptionsForm<'unique'>;
  readonly help: string;
  /** Choices beside yes and no. */
  readonly more?: readonly { readonly value: string; readonly label: string }[];
}) {
  return (
    <Select
      label="Unique"
      help={help}
      error={of.errorAt('options.unique')}
      value={of.value.unique}
      options={[
        { value: '', label: 'As the contract' },
        { value: 'yes', label: 'Yes' },
        { value: 'no', label: 'No' },
        ...more,
      ]}
      onChange={(unique) => of.change('unique', unique)}
    />
  );
}
