import { CHORD_TASK, inputOf, SignatureCheck, type Signature } from '@lovage/celery';
import { rawTask, validateInput, validateOutput, type AnyContract, type TaskContext } from '@lovage/task';
import type { Handle, HandlerBinding } from '../handler-binding.ts';
import { NotRegistered } from '../run/abort-reasons.ts';

/** Finds the handler of a contract. */
export type FindHandler = (name: string) => HandlerBinding | undefined;

interface Call {
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/**
 * Tasks that every worker serves, as Celery's do: `celery.map` and `celery.starmap` call another task of this worker for each item of a list, one
 * after the other; `celery.chord` starts a chord, which is what follows from its end.
 */
export class BuiltinTasks {
  private readonly bindings: ReadonlyMap<string, HandlerBinding>;

  constructor(private readonly find: FindHandler) {
    const serve = (contract: AnyContract, handle: Handle): [string, HandlerBinding] => [
      contract.name,
      { contract, handle },
    ];
    this.bindings = new Map([
      serve(rawTask('celery.map'), (call, task) => this.over(call as Call, task, (item) => [item])),
      serve(rawTask('celery.starmap'), (call, task) => this.over(call as Call, task, argumentsOf)),
      serve(rawTask(CHORD_TASK, { pool: 'async' }), () => null),
    ]);
  }

  get(name: string): HandlerBinding | undefined {
    return this.bindings.get(name);
  }

  private async over(
    { kwargs }: Call,
    task: TaskContext,
    argsOf: (item: unknown) => readonly unknown[],
  ): Promise<unknown[]> {
    const { contract, handle } = this.targetOf(kwargs);
    const results: unknown[] = [];
    for (const item of kwargs['it'] as unknown[]) {
      if (task.signal.aborted) throw task.signal.reason;
      const args = [...argsOf(item)];
      const call = contract.rawArguments ? { args, kwargs: {} } : undefined;
      const input = call ?? inputOf({ name: contract.name, args, kwargs: {} }, contract.positional);
      const result: unknown = await handle(validateInput(contract, input), task);
      results.push(validateOutput(contract, result));
    }
    return results;
  }

  /** @throws NotRegistered TypeError */
  private targetOf({ task, it }: Readonly<Record<string, unknown>>): HandlerBinding {
    const { task: name } = new SignatureCheck().one(task, 'task');
    if (!Array.isArray(it)) throw new TypeError('it: must be a list');
    const binding = this.find(name);
    if (!binding) throw new NotRegistered(name);
    return binding;
  }
}

/** The name of the task that a `celery.map` or `celery.starmap` calls; undefined: it is none of them. */
export function mappedTask(name: string, call: Readonly<Record<string, unknown>>): string | undefined {
  if (name !== 'celery.map' && name !== 'celery.starmap') return undefined;
  const { kwargs } = call as { kwargs?: { task?: Partial<Signature> | null } };
  const mapped = kwargs?.task?.task;
  return typeof mapped === 'string' ? mapped : undefined;
}

function argumentsOf(item: unknown): readonly unknown[] {
  if (!Array.isArray(item)) throw new TypeError('each item of a starmap must be a list of arguments');
  return item;
}
