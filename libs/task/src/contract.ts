import { z } from 'zod';
import { checkValue } from './check-value.ts';
import { ContractUnknownError, DeclaredError, DefinitionError, InputInvalidError } from './errors.ts';
import { POOL_KEYS } from './options/pool-options.ts';
import { compileOptions, type CompiledTaskOptions, type TaskOptions } from './options/task-options.ts';
import { bareSchema, fingerprintOf, type JsonSchema } from './version/fingerprint.ts';
import { compileMigrations, type Migration, type Migrations } from './version/migrations.ts';
import { MAX_VERSION, stampOf, type Stamp } from './version/stamp.ts';

/** Task platforms beside this one whose workers serve the same broker. */
export type ForeignPlatform = 'celery';

/** Declared errors by name, each with the schema of its data. */
export type ErrorSchemas = Readonly<Record<string, z.ZodType>>;

/** What {@link defineTask} takes. */
export interface TaskDefinition<
  N extends string,
  I extends z.ZodObject,
  O extends z.ZodType,
  P extends z.ZodType,
  E extends ErrorSchemas,
  V extends number = number,
> {
  /** Unique name, lower case, with at least one dot: `family.action`. It is what goes over the wire. A foreign task has the name that it has there. */
  name: N;
  /**
   * Workers of this platform serve it, none of ours: `celery`. It is submitted as any other task, with its input as keyword arguments, and
   * what becomes of it is recorded. Retries, time limits beyond the submit's, progress and errors are those of the worker that serves it.
   * Default: our workers serve it. See `docs/celery.md`.
   */
  foreign?: ForeignPlatform;
  /**
   * Raised by one when the input changes in a way that old messages do not fit, or mean something else. Default 1. See
   * `docs/changing-a-contract.md`.
   */
  version?: V;
  /**
   * Makes inputs of older versions into today's: `{ 1: (old) => ({ ...old, currency: 'EUR' }) }`, one rule for each version, from it to
   * the next. Workers apply them before validation. Without a rule, inputs of that version are held for redrive.
   */
  migrate?: Migrations<V, z.input<NoInfer<I>>>;
  /** One line for people: OpenAPI, dashboard. */
  summary?: string;
  description?: string;
  /** An object; use `z.strictObject`, so that a misspelt field is refused. The order of its keys is the positional order for Celery callers. */
  input: I;
  /**
   * The input is the call as a Celery program makes it, `{ args: unknown[], kwargs: Record<string, unknown> }`, as Python's
   * `*args, **kwargs`. Default false: arguments by position take the names of `input`.
   */
  rawArguments?: boolean;
  output: O;
  /** What `task.progress(…)` takes. Without it the task reports none. */
  progress?: P;
  errors?: E;
  defaults?: TaskOptions<z.output<I>>;
}

/** A task's definition: the one source of its types, validation, route, schemas and clients. */
export interface Contract<
  N extends string = string,
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodType = z.ZodType,
  P extends z.ZodType = z.ZodType,
  E extends ErrorSchemas = ErrorSchemas,
> {
  readonly name: N;
  readonly version: number;
  /** Rules by the version that they start from. */
  readonly migrations: ReadonlyMap<number, Migration>;
  /** What decides which inputs fit, as JSON Schema. Made when first asked for. */
  readonly inputSchema: JsonSchema;
  /** Hash of {@link inputSchema}: 16 hex digits. Made when first asked for. */
  readonly fingerprint: string;
  /** Version and fingerprint, as inputs made for this contract carry them. Made when first asked for. */
  readonly stamp: Stamp;
  /** Whose workers serve it; undefined: ours. */
  readonly foreign: ForeignPlatform | undefined;
  readonly summary: string | undefined;
  readonly description: string | undefined;
  readonly input: I;
  readonly output: O;
  readonly progress: P;
  readonly errors: E;
  readonly options: CompiledTaskOptions;
  /** The input is the call of a Celery program as it is: `{ args, kwargs }`. */
  readonly rawArguments: boolean;
  /** Field names in positional order, for callers that send an argument list. */
  readonly positional: readonly string[];
  /**
   * A declared error to throw. Its data is validated at once, so a caller never meets a malformed one.
   * @throws InputInvalidError when `data` does not fit the declared schema.
   * @throws DefinitionError when there is no such error; what compiles never gets there.
   */
  error<K extends keyof E & string>(type: K, data: z.input<E[K]>, message?: string): DeclaredError<K, z.output<E[K]>>;
}

// `any` is what lets every contract be assigned here: `error` takes a type parameter of its own.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyContract = Contract<string, z.ZodObject, z.ZodType, z.ZodType, any>;

/** What the handler receives. */
export type Input<C extends AnyContract> = z.output<C['input']>;
/** What a caller gives: fields with a default may be left out. */
export type SubmitInput<C extends AnyContract> = z.input<C['input']>;
/** What the handler returns and the caller gets. */
export type Output<C extends AnyContract> = z.output<C['output']>;
export type Progress<C extends AnyContract> = z.output<C['progress']>;

/** Every declared error of a contract, as a union to `switch` over by `type`. */
export type ErrorUnion<C extends AnyContract> = {
  [K in keyof C['errors'] & string]: DeclaredError<K, z.output<C['errors'][K]>>;
}[keyof C['errors'] & string];

const ERROR_NAME = /^[A-Za-z]\w{0,99}$/;
/** Of a foreign task: any that fits a header and a URL. */
const FOREIGN_NAME = /^[\w.:-]{1,200}$/;
const NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;

/**
 * Defines a task once. See `docs/own-task.md` for the four steps from here to a running task.
 * @throws DefinitionError when the name, the schemas or the options cannot work; the message says which and why.
 */
export function defineTask<
  const N extends string,
  I extends z.ZodObject,
  O extends z.ZodType,
  P extends z.ZodType = z.ZodNever,
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- "no declared errors" must not allow any key
  const E extends ErrorSchemas = {},
  const V extends number = 1,
>(definition: TaskDefinition<N, I, O, P, E, V>): Contract<N, I, O, P, E> {
  const {
    name,
    foreign,
    version = 1,
    migrate,
    summary,
    description,
    input,
    output,
    rawArguments = false,
    progress,
    errors,
    defaults,
  } = definition;
  const refuse = (reason: string): never => {
    throw new DefinitionError(`task ${JSON.stringify(name)}: ${reason}`);
  };
  if (foreign !== undefined) refuseForeign(definition, refuse);
  else if (typeof name !== 'string' || !NAME.test(name) || name.length > 200)
    refuse('a name is lower case with at least one dot, such as "math.add", and at most 200 characters');
  if (!Number.isInteger(version) || version < 1 || version > MAX_VERSION)
    refuse('version must be a whole number from 1');
  if (!(input instanceof z.ZodObject))
    refuse('input must be an object schema, such as z.strictObject({ x: z.number() })');
  if (!(output instanceof z.ZodType)) refuse('output must be a schema, such as z.number(); z.null() for none');
  if (rawArguments && !(Object.hasOwn(input.shape, 'args') && Object.hasOwn(input.shape, 'kwargs')))
    refuse('rawArguments: the input is to have the fields args and kwargs');
  if (progress !== undefined && !(progress instanceof z.ZodType)) refuse('progress must be a schema');
  for (const [type, schema] of Object.entries(errors ?? {})) {
    if (!ERROR_NAME.test(type)) refuse(`errors.${type}: an error's name is a word such as DivisionByZero`);
    if (!(schema instanceof z.ZodType)) refuse(`errors.${type} must be a schema, of the data that the error carries`);
  }
  let options: CompiledTaskOptions;
  try {
    options = compileOptions(defaults as TaskOptions, input);
  } catch (error) {
    throw new DefinitionError(`task ${JSON.stringify(name)}: defaults.${(error as Error).message}`, { cause: error });
  }
  let migrations: ReadonlyMap<number, Migration>;
  try {
    migrations = compileMigrations(migrate, version);
  } catch (error) {
    throw new DefinitionError(`task ${JSON.stringify(name)}: migrate: ${(error as Error).message}`, { cause: error });
  }
  const declared = errors ?? ({} as E);
  let inputSchema: JsonSchema | undefined;
  let fingerprint: string | undefined;
  let stamp: Stamp | undefined;
  return Object.freeze({
    name,
    version,
    migrations,
    get inputSchema() {
      return (inputSchema ??= bareSchema(input));
    },
    get fingerprint() {
      return (fingerprint ??= fingerprintOf(this.inputSchema));
    },
    get stamp() {
      return (stamp ??= stampOf(version, this.fingerprint));
    },
    foreign,
    summary,
    description,
    input,
    output,
    progress: progress ?? (z.never() as unknown as P),
    errors: declared,
    options,
    rawArguments,
    positional: Object.keys(input.shape),
    error<K extends keyof E & string>(type: K, data: z.input<E[K]>, message?: string) {
      const schema = Object.hasOwn(declared, type) ? declared[type] : undefined;
      if (!schema)
        throw new DefinitionError(
          `task ${name} declares no error ${JSON.stringify(type)} (declared: ${Object.keys(declared).join(', ') || 'none'})`,
        );
      const checked = checkValue(schema, 'data', data);
      if (checked.issues) throw new InputInvalidError(`${name}.${type}`, checked.issues);
      return new DeclaredError<K, z.output<E[K]>>(type, checked.value as z.output<E[K]>, message ?? type, name);
    },
  });
}

/** What only a worker of ours does. */
const OURS_ALONE = [
  ...['retry', 'ack', 'record', 'concurrency', 'rateLimit', 'resultLimit', 'batch', 'onFailure', 'onSuccess'],
  ...POOL_KEYS,
];

type ForeignDefinition = Pick<TaskDefinition<string, never, never, never, never>, 'name' | 'foreign'> & {
  readonly [K in 'version' | 'migrate' | 'errors' | 'defaults']?: unknown;
};

/** Refuses what a contract of a foreign task cannot promise. */
function refuseForeign(definition: ForeignDefinition, refuse: (reason: string) => never): void {
  const { name, foreign, defaults } = definition;
  if (foreign !== 'celery') refuse(`foreign: ${JSON.stringify(foreign)} is not a platform that is known: use 'celery'`);
  if (typeof name !== 'string' || !FOREIGN_NAME.test(name))
    refuse('a foreign name has letters, digits, "_", ".", ":" and "-", at most 200, such as "app.tasks.add"');
  for (const part of ['version', 'migrate', 'errors'] as const)
    if (definition[part] !== undefined) refuse(`${part}: a worker of ${foreign} knows nothing of it; leave it out`);
  for (const option of OURS_ALONE)
    if ((defaults as Record<string, unknown> | undefined)?.[option] !== undefined)
      refuse(`defaults.${option}: a worker of ${foreign} does not follow it; set it there`);
}

/** Contracts by name. */
export class ContractRegistry {
  private readonly byName = new Map<string, AnyContract>();

  /** @throws DefinitionError when two contracts share a name. */
  constructor(contracts: Iterable<AnyContract>) {
    for (const contract of contracts) {
      const other = this.byName.get(contract.name);
      if (other === contract) continue;
      if (other) throw new DefinitionError(`two contracts are named ${JSON.stringify(contract.name)}`);
      this.byName.set(contract.name, contract);
    }
  }

  find(name: string): AnyContract | undefined {
    return this.byName.get(name);
  }

  /** @throws ContractUnknownError */
  get(name: string): AnyContract {
    const contract = this.byName.get(name);
    if (!contract) throw new ContractUnknownError(name);
    return contract;
  }

  /** All, by name. */
  list(): AnyContract[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
