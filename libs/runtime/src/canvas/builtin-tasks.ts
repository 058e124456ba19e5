import {
  builtinArguments,
  CHORD_TASK,
  CHUNKS_TASK,
  inputOf,
  SignatureCheck,
  startedBy,
  type RawCall,
  type Signature,
} from '@lovage/celery';
import { rawTask, validateInput, validateOutput, type AnyContract, type TaskContext } from '@lovage/task';
import type { Handle, HandlerBinding } from '../handler-binding.ts';
import { NotRegistered } from '../run/abort-reasons.ts';

const MAP = 'celery.map';
const STARMAP = 'celery.starmap';
/** What takes no time needs no pool. */
const IN_PLACE = { pool: 'async' } as const;

/** Finds the handler of a contract. */
export type FindHandler = (name: string) => HandlerBinding | undefined;

/**
 * Tasks that every worker serves, as Celery's do: `celery.map` and `celery.starmap` call another task of this worker for each item of a list, one
 * after the other; `celery.chord` and `celery.chunks` start what follows from their end; `celery.accumulate` gives its arguments, behind a Python task
 * that was replaced by a group. What only Celery's own workers can do, such as `celery.chord_unlock`, is passed on to them.
 */
export class BuiltinTasks {
  private readonly bindings: ReadonlyMap<string, HandlerBinding>;

  constructor(private readonly find: FindHandler) {
    const serve = (contract: AnyContract, handle: Handle): [string, HandlerBinding] => [
      contract.name,
      { contract, handle },
    ];
    this.bindings = new Map([
      serve(rawTask(MAP), (call, task) => this.over(MAP, call as RawCall, task, (item) => [item])),
      serve(rawTask(STARMAP), (call, task) => this.over(STARMAP, call as RawCall, task, argumentsOf)),
      ...[CHORD_TASK, CHUNKS_TASK].map((name) =>
        serve(rawTask(name, IN_PLACE), (call) => starts(name, call as RawCall)),
      ),
      serve(rawTask('celery.accumulate', IN_PLACE), (call) => accumulated(call as RawCall)),
    ]);
  }

  get(name: string): HandlerBinding | undefined {
    return this.bindings.get(name);
  }

  private async over(
    name: string,
    call: RawCall,
    task: TaskContext,
    argsOf: (item: unknown) => readonly unknown[],
  ): Promise<unknown[]> {
    const given = builtinArguments(name, call);
    const { contract, handle } = this.targetOf(given);
    const results: unknown[] = [];
    for (const item of given['it'] as unknown[]) {
      if (task.signal.aborted) throw task.signal.reason;
      const args = [...argsOf(item)];
      const raw = contract.rawArguments ? { args, kwargs: {} } : undefined;
      const input = raw ?? inputOf({ name: contract.name, args, kwargs: {} }, contract.positional);
      const result: unknown = await handle(validateInput(contract, input), task);
      results.push(validateOutput(contract, result));
    }
    return results;
  }

  /** @throws NotRegistered TypeError ArgumentsError */
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
  if (name !== MAP && name !== STARMAP) return undefined;
  const { args, kwargs } = call as { args?: readonly unknown[]; kwargs?: Readonly<Record<string, unknown>> };
  const mapped = ((kwargs?.['task'] ?? args?.[0]) as Partial<Signature> | null | undefined)?.task;
  return typeof mapped === 'string' ? mapped : undefined;
}

function argumentsOf(item: unknown): readonly unknown[] {
  if (!Array.isArray(item)) throw new TypeError('each item of a starmap must be a list of arguments');
  return item;
}

/** What it starts follows from its end. @throws TypeError ArgumentsError */
function starts(name: string, call: RawCall): null {
  if (!startedBy(name, builtinArguments(name, call))) throw new TypeError(`${name}: its arguments are no canvas`);
  return null;
}

/** As in Celery: all arguments, or the one at `index`. */
function accumulated({ args, kwargs: { index } }: RawCall): unknown {
  if (index === undefined || index === null) return args;
  if (typeof index !== 'number' || !Number.isInteger(index)) throw new TypeError('index: must be a whole number');
  const at = index < 0 ? args.length + index : index;
  if (at >= 0 && at < args.length) return args[at];
  throw Object.assign(new RangeError('tuple index out of range'), { name: 'IndexError' });
}
