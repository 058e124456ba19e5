import { taskIdOf } from '../task-id.ts';
import { chordTask } from './builtins.ts';
import { CanvasError } from './canvas-error.ts';
import {
  bodyOf,
  chordOf,
  chunked,
  flatten,
  groupOf,
  headerOf,
  linkTo,
  listOf,
  merged,
  sizeOf,
  tasksOf,
  unrolled,
  type Signature,
  type SignatureOptions,
} from './signature.ts';

/** A message to be sent because of another task's end. Times and queue as its signature has them. */
export interface CanvasTask {
  readonly id: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly callbacks: readonly Signature[] | null;
  readonly errbacks: readonly Signature[] | null;
  readonly chain: readonly Signature[] | null;
  readonly chord: Signature | null;
  readonly rootId: string;
  readonly parentId: string;
  readonly group: string | null;
  readonly groupIndex: number | null;
  /** Queue, times, limits, headers and more: read by who makes the message. */
  readonly options: SignatureOptions;
}

/** A chord that begins: its size has to be known before the last of its header is sent. */
export interface ChordStart {
  readonly groupId: string;
  readonly size: number;
  /** JSON text of the `GroupResult` where groups are nested in the header; null: there are none. */
  readonly group: string | null;
}

/** What follows from the end of a task. */
export interface CanvasPlan {
  readonly tasks: readonly CanvasTask[];
  readonly chords: readonly ChordStart[];
  /** What followed from it, in the form that results have: of `children`. */
  readonly children: readonly unknown[];
}

/** The end that something follows from. */
export interface CanvasParent {
  /** On the wire. */
  readonly id: string;
  readonly rootId: string | null;
}

export interface PlanOptions {
  /**
   * What becomes of a chord: `start` it; `defer` it to a task `celery.chord` that starts it; `refuse`: there is no backend that counts it.
   */
  readonly chords: 'start' | 'defer' | 'refuse';
  /** Text that makes the ids of this plan its own, besides the id of the parent. */
  readonly salt?: string;
}

/** Characters of all that one end sends at most: signatures are copied into each member of a group. */
const MAX_CHARS = 64 * 1024 ** 2;

/** The results of a signature: of one task, or of a group. */
type Res =
  { readonly id: string; readonly results?: undefined } | { readonly id: string; readonly results: readonly Res[] };

const tupleOf = (res: Res): unknown =>
  res.results === undefined ? [[res.id, null], null] : [[res.id, null], res.results.map(tupleOf)];

/** How Celery keeps a result: of a task, or of a group with its members. */
export type ResultTuple = unknown;

type Applied = SignatureOptions;

/**
 * Finds out what follows from the end of a task, as Celery's workers do (`celery.canvas`), without doing it. The same end always gives the same plan, with
 * the same ids. Signatures have been checked ({@link SignatureCheck}); they are changed on the way.
 */
export class CanvasPlanner {
  private readonly tasks: CanvasTask[] = [];
  private readonly chords: ChordStart[] = [];
  private readonly trail: Res[] = [];
  private readonly lengths = new WeakMap<object, number>();
  private ids = 0;
  private chars = 0;
  private inGroup = 0;

  constructor(
    private readonly parent: CanvasParent,
    private readonly options: PlanOptions,
  ) {}

  get plan(): CanvasPlan {
    return { tasks: this.tasks, chords: this.chords, children: this.trail.map(tupleOf) };
  }

  /** Runs a signature with these arguments before its own. @throws CanvasError */
  start(signature: Signature, args: readonly unknown[], more: Applied = {}): void {
    const { id, rootId } = this.parent;
    this.apply(structuredClone(signature), args, { parent_id: id, root_id: rootId ?? id, ...more });
  }

  /** As {@link start}, each without waiting for the others. @throws CanvasError */
  startAll(signatures: readonly Signature[], args: readonly unknown[]): void {
    this.start(groupOf([...signatures]), args);
  }

  private apply(sig: Signature, args: readonly unknown[], more: Applied): Res | undefined {
    switch (sig.subtask_type) {
      case 'chain':
        return this.applyChain(sig, args, more);
      case 'group':
        return this.applyGroup(sig, args, more);
      case 'chord':
        return this.applyChord(sig, args, more);
      case 'chunks':
        return this.applyGroup(chunked(sig), [], more);
      default:
        return this.applyTask(sig, args, more);
    }
  }

  private applyTask(sig: Signature, partial: readonly unknown[], more: Applied): Res {
    const options = merged(sig.options, more);
    // What goes over a list takes nothing of what ran before.
    const fixed = sig.immutable || sig.subtask_type !== null;
    const { task_id: id = this.newId(), group_id: group, group_index: index, chain, chord } = options;
    const task: CanvasTask = {
      ...{ id, name: sig.task, kwargs: sig.kwargs },
      args: fixed || partial.length === 0 ? sig.args : [...partial, ...sig.args],
      callbacks: listOf(options.link),
      errbacks: listOf(options.link_error),
      chain: chain ?? null,
      chord: chord ?? null,
      rootId: options.root_id ?? this.parent.rootId ?? this.parent.id,
      parentId: options.parent_id ?? this.parent.id,
      ...{ group: group ?? null, groupIndex: index ?? null, options },
    };
    this.grow(task);
    this.tasks.push(task);
    const res: Res = { id };
    if (this.inGroup === 0) this.trail.push(res);
    return res;
  }

  private applyChain(sig: Signature, partial: readonly unknown[], more: Applied): Res | undefined {
    const options = { ...sig.options, ...more };
    const {
      group_id,
      chord,
      task_id,
      link,
      link_error,
      root_id,
      parent_id,
      group_index,
      chain: outer,
      ...rest
    } = options;
    const args = sig.immutable || partial.length === 0 ? sig.args : [...partial, ...sig.args];
    const last = { id: task_id, groupId: group_id, chord, groupIndex: group_index };
    const { steps, results } = this.prepare(tasksOf(sig), args, root_id, link_error, last);
    if (steps.length === 0) return undefined;
    for (const callback of listOf(link) ?? []) linkTo(steps[0]!, 'link', callback);
    const first = steps.pop()!;
    const own = { ...(parent_id !== undefined && { parent_id }), ...(root_id !== undefined && { root_id }) };
    const applied = this.apply(first, [], { ...rest, ...own, chain: outer ? [...outer, ...steps] : steps });
    return steps.length === 0 ? applied : results[0];
  }

  /**
   * The steps of a chain, the last first, each with its id; a group with something behind it has become a chord.
   * @param given what the last step gets of what the chain is part of
   */
  private prepare(
    tasks: readonly Signature[],
    args: readonly unknown[],
    rootId: string | undefined,
    errbacks: unknown,
    given: Frozen,
  ): { steps: Signature[]; results: Res[] } {
    const left = [...tasks];
    const steps: Signature[] = [];
    const results: Res[] = [];
    let [before, beforeRes]: [Signature | undefined, Res | undefined] = [undefined, undefined];
    let isLast = true;
    while (left.length > 0) {
      let task = unrolled(left.pop()!);
      if (left.length === 0 && args.length > 0 && !task.immutable) task = { ...task, args: [...args, ...task.args] };
      if (task.subtask_type === 'chain') {
        const own = listOf(task.options.link_error);
        if (own) for (const step of tasksOf(task)) for (const errback of own) linkTo(step, 'link_error', errback);
        left.push(...tasksOf(task));
        continue;
      }
      if (task.subtask_type === 'group' && before) {
        steps.pop();
        results.pop();
        const id = beforeRes?.results === undefined ? beforeRes?.id : undefined;
        task = chordOf(task, before, { ...(id && { task_id: id }), ...(rootId && { root_id: rootId }) });
      }
      const res = this.freeze(task, isLast ? { ...given, rootId } : { rootId });
      isLast = false;
      for (const errback of listOf(errbacks) ?? []) linkTo(task, 'link_error', errback);
      steps.push(task);
      results.push(res);
      // Of a chord its header comes before, which is no single result.
      [before, beforeRes] = [task, task.subtask_type === 'chord' ? undefined : res];
    }
    return { steps, results };
  }

  private applyGroup(sig: Signature, args: readonly unknown[], more: Applied): Res {
    const { task_id: id = this.newId(), link, link_error: linkError, ...options } = { ...sig.options, ...more };
    if (link ?? linkError) throw new CanvasError('TypeError', 'Cannot add link to group: use a chord');
    const tasks = flatten(tasksOf(sig));
    const frozen = tasks.map((task) => this.freeze(task, { groupId: id, rootId: options.root_id }));
    this.inGroup += 1;
    for (const task of tasks) {
      const chord = options.chord ?? task.options.chord;
      this.apply(task, args, { ...options, group_id: id, ...(chord && { chord }) });
    }
    this.inGroup -= 1;
    const [only] = frozen;
    const res: Res = frozen.length === 1 && only!.results ? only! : { id, results: frozen };
    if (this.inGroup === 0) this.trail.push(res);
    return res;
  }

  private applyChord(sig: Signature, partial: readonly unknown[], more: Applied): Res {
    const args = sig.immutable || partial.length === 0 ? sig.args : [...partial, ...sig.args];
    if (this.options.chords === 'refuse')
      throw new CanvasError(
        'NotImplementedError',
        'The "rpc" result backend does not support chords! Set CELERY_RESULT_BACKEND to a Redis that counts them.',
      );
    if (this.options.chords === 'defer') return this.deferChord(sig, args, more);
    const header = headerOf(sig);
    const body = bodyOf(sig);
    body.options = merged(body.options, more);
    const { task_id: bodyId, ...options } = { ...sig.options, ...more };
    const groupId = header.options.task_id ?? this.newId();
    const rootId = body.options.root_id;
    Object.assign(body.options, options);
    const bodyRes = this.freeze(body, { id: bodyId, rootId });
    const { chain: _chain, chord: _chord, link: _link, link_error: _errors, ...passed } = options;
    const res = this.freeze(header, { groupId, chord: body, rootId });
    if (tasksOf(header).length === 0) {
      this.apply(body, [[]], {});
      return bodyRes;
    }
    const nested = res.results!.some(({ results }) => results !== undefined);
    const group = nested ? JSON.stringify({ result: tupleOf(res) }) : null;
    this.chords.push({ groupId, size: sizeOf(header), group });
    header.options = {};
    this.applyGroup(header, args, { ...passed, task_id: groupId });
    return bodyRes;
  }

  /** The whole chord becomes the input of a task that starts it. */
  private deferChord(sig: Signature, args: readonly unknown[], more: Applied): Res {
    const id = this.newId();
    const chord = { ...sig, args: [...args], options: { ...sig.options, ...more } };
    const { parent_id: parentId, root_id: rootId } = more;
    const task = { ...chordTask(chord), options: {} };
    return this.applyTask(task, [], {
      task_id: id,
      ...(parentId && { parent_id: parentId }),
      ...(rootId && { root_id: rootId }),
    });
  }

  /** Gives a signature its id, and what it is part of; those that it has stay. */
  private freeze(sig: Signature, given: Frozen): Res {
    const { options } = sig;
    switch (sig.subtask_type) {
      case 'chain': {
        const { results } = this.prepare(tasksOf(sig), sig.args, given.rootId, undefined, given);
        return results[0] ?? { id: given.id ?? this.newId() };
      }
      case 'chord': {
        const header = headerOf(sig);
        const body = bodyOf(sig);
        sig.kwargs['header'] = header;
        this.freeze(header, { chord: body, rootId: given.rootId });
        const res = this.freeze(body, given);
        return res;
      }
      case 'group': {
        const id = (options.task_id ??= given.groupId ?? this.newId());
        this.belong(options, given);
        const tasks = flatten(tasksOf(sig));
        sig.kwargs['tasks'] = tasks;
        const { groupId, chord, rootId } = given;
        return {
          id,
          results: tasks.map((task, groupIndex) => this.freeze(task, { groupId, chord, rootId, groupIndex })),
        };
      }
      default: {
        const id = (options.task_id ??= given.id ?? this.newId());
        this.belong(options, given);
        return { id };
      }
    }
  }

  private belong(options: SignatureOptions, { groupId, chord, groupIndex, rootId }: Frozen): void {
    if (groupId !== undefined) options.group_id ??= groupId;
    if (chord) options.chord = chord;
    if (groupIndex !== undefined) options.group_index = groupIndex;
    if (rootId !== undefined) options.root_id = rootId;
  }

  private newId(): string {
    this.ids += 1;
    return taskIdOf(`canvas:${this.parent.id}:${this.options.salt ?? ''}:${this.ids}`);
  }

  /** @throws CanvasError */
  private grow({ args, kwargs, callbacks, errbacks, chain, chord }: CanvasTask): void {
    for (const part of [args, kwargs, callbacks, errbacks, chain, chord]) {
      if (part === null) continue;
      let length = this.lengths.get(part);
      if (length === undefined) this.lengths.set(part, (length = JSON.stringify(part).length));
      this.chars += length;
    }
    if (this.chars > MAX_CHARS)
      throw new CanvasError(
        'CanvasTooLarge',
        `what follows the task would be more than ${MAX_CHARS} characters in all`,
      );
  }
}

/** What a signature gets of what it is part of. */
interface Frozen {
  readonly id?: string | undefined;
  readonly groupId?: string | undefined;
  readonly chord?: Signature | undefined;
  readonly groupIndex?: number | undefined;
  readonly rootId?: string | undefined;
}
