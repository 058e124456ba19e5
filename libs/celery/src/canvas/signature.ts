import { isName } from '../task-fields.ts';
import { MalformedError } from '../reject-codes.ts';
import { CanvasError } from './canvas-error.ts';

/** The options of a signature that mean something here; what else stands there is carried along. */
export interface SignatureOptions extends Record<string, unknown> {
  task_id?: string;
  group_id?: string;
  group_index?: number;
  root_id?: string;
  parent_id?: string;
  reply_to?: string;
  link?: unknown;
  link_error?: unknown;
  chord?: Signature;
  chain?: Signature[];
}

/** A task to come, as Celery writes it: one task, or a composite of others by its `subtask_type`. */
export interface Signature {
  task: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  options: SignatureOptions;
  subtask_type: string | null;
  /** It takes no results of what ran before. */
  immutable: boolean;
}

/** Signatures of one message, all that are nested included. */
export const MAX_SIGNATURES = 50_000;
/** How deep signatures may stand in each other. */
const MAX_DEPTH = 32;

const LISTS = ['link', 'link_error', 'chain'] as const;
const TEXTS = ['task_id', 'group_id', 'root_id', 'parent_id', 'reply_to', 'queue', 'routing_key', 'shadow'] as const;
const NUMBERS = ['group_index', 'countdown', 'priority', 'time_limit', 'soft_time_limit'] as const;

/**
 * Checks signatures that came from outside, each once, and makes them whole in place: what may be left out is there afterwards. Counts what it has seen,
 * over all calls.
 */
export class SignatureCheck {
  private seen = 0;

  /** @throws MalformedError `canvas_invalid` */
  list(value: unknown, where: string, depth = 0): Signature[] {
    if (!Array.isArray(value)) throw invalid(where, 'is no list of signatures');
    value.forEach((one, i) => this.one(one, `${where}[${i}]`, depth));
    return value as Signature[];
  }

  /** @throws MalformedError `canvas_invalid` */
  one(value: unknown, where: string, depth = 0): Signature {
    this.seen += 1;
    if (this.seen > MAX_SIGNATURES) throw invalid(where, `is one of more than ${MAX_SIGNATURES} signatures`);
    if (depth > MAX_DEPTH) throw invalid(where, `is nested deeper than ${MAX_DEPTH} signatures`);
    if (!isObject(value)) throw invalid(where, 'is no signature');
    const sig = value as unknown as Signature;
    if (!isName(sig.task)) throw invalid(where, 'names no task');
    sig.args ??= [];
    sig.kwargs ??= {};
    sig.options ??= {};
    sig.subtask_type ??= null;
    sig.immutable = sig.immutable === true;
    if (!Array.isArray(sig.args)) throw invalid(where, 'has args that are no array');
    if (!isObject(sig.kwargs)) throw invalid(where, 'has kwargs that are no object');
    if (!isObject(sig.options)) throw invalid(where, 'has options that are no object');
    if (sig.subtask_type !== null && typeof sig.subtask_type !== 'string')
      throw invalid(where, 'has a subtask_type that is no text');
    this.options(sig.options, where, depth);
    this.parts(sig, where, depth);
    return sig;
  }

  private options(options: SignatureOptions, where: string, depth: number): void {
    for (const key of Object.keys(options)) if (options[key] === null) delete options[key];
    for (const key of TEXTS)
      // Celery writes an empty text for none.
      if (options[key] === '') delete options[key];
      else if (options[key] !== undefined && !isName(options[key]))
        throw invalid(where, `has an option ${key} that is no text of 1 to 255 characters`);
    for (const key of NUMBERS)
      if (options[key] !== undefined && (typeof options[key] !== 'number' || !Number.isFinite(options[key])))
        throw invalid(where, `has an option ${key} that is no number`);
    for (const key of LISTS) {
      const given = options[key];
      if (given === undefined) continue;
      options[key] = this.list(Array.isArray(given) ? given : [given], `${where}.${key}`, depth + 1);
    }
    if (options.chord !== undefined) this.one(options.chord, `${where}.chord`, depth + 1);
  }

  /** What a composite is made of. */
  private parts(sig: Signature, where: string, depth: number): void {
    const { kwargs } = sig;
    switch (sig.subtask_type) {
      case 'chain':
      case 'group':
        this.list(kwargs['tasks'], `${where}.tasks`, depth + 1);
        return;
      case 'chord': {
        const { header } = kwargs;
        if (Array.isArray(header)) this.list(header, `${where}.header`, depth + 1);
        else this.one(header, `${where}.header`, depth + 1);
        this.one(kwargs['body'], `${where}.body`, depth + 1);
        return;
      }
      case 'xmap':
      case 'xstarmap':
      case 'chunks':
        this.one(kwargs['task'], `${where}.task`, depth + 1);
        if (!Array.isArray(kwargs['it'])) throw invalid(where, 'goes over what is no list');
        if (sig.subtask_type === 'chunks' && !isCount(kwargs['n'])) throw invalid(where, 'has no size of chunks');
        return;
      case null:
        return;
      default:
        throw invalid(
          where,
          `is of a subtask_type that is not known: ${JSON.stringify(sig.subtask_type.slice(0, 40))}`,
        );
    }
  }
}

function invalid(where: string, what: string): MalformedError {
  return new MalformedError('canvas_invalid', `${where.slice(0, 200)} ${what}`);
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;

/** One that stands for a single task. */
export const isTask = ({ subtask_type: type }: Signature): boolean =>
  type === null || type === 'xmap' || type === 'xstarmap';

/** The members of a chain or a group. */
export const tasksOf = (sig: Signature): Signature[] => sig.kwargs['tasks'] as Signature[];

export function groupOf(tasks: Signature[], options: SignatureOptions = {}): Signature {
  return { task: 'celery.group', args: [], kwargs: { tasks }, options, subtask_type: 'group', immutable: false };
}

export function chordOf(header: Signature, body: Signature, options: SignatureOptions): Signature {
  const kwargs = { kwargs: {}, header, body };
  return { task: 'celery.chord', args: [], kwargs, options, subtask_type: 'chord', immutable: false };
}

/** The members with those of groups among them in their place: Celery runs them side by side. */
export function flatten(tasks: readonly Signature[]): Signature[] {
  return tasks.flatMap((task) => (task.subtask_type === 'group' ? flatten(tasksOf(task)) : [task]));
}

/** The header of a chord as a group; a list of signatures is one, too. */
export function headerOf(chord: Signature): Signature {
  const header = chord.kwargs['header'] as Signature | Signature[];
  if (Array.isArray(header)) return groupOf(header);
  if (header.subtask_type === 'group') return header;
  return groupOf(header.subtask_type === 'chain' ? tasksOf(header) : [header]);
}

export const bodyOf = (chord: Signature): Signature => chord.kwargs['body'] as Signature;

/** A group of one is that one. */
export function unrolled(sig: Signature): Signature {
  if (sig.subtask_type !== 'group') return sig;
  const tasks = tasksOf(sig);
  return tasks.length === 1 ? tasks[0]! : sig;
}

/** Ends that a chord waits for where this is one of its header. */
export function sizeOf(sig: Signature): number {
  switch (sig.subtask_type) {
    case 'group':
      return tasksOf(sig).reduce((sum, task) => sum + sizeOf(task), 0);
    case 'chain':
      for (const task of [...tasksOf(sig)].reverse()) {
        const size = sizeOf(task);
        if (size > 0) return size;
      }
      return 0;
    case 'chord':
      return sizeOf(bodyOf(sig));
    default:
      return 1;
  }
}

/** All single tasks that were still to come of this one, itself included: its members, and the chain behind it. */
export function allTasksOf(sig: Signature): Signature[] {
  const behind = (sig.options.chain ?? []).flatMap(allTasksOf);
  switch (sig.subtask_type) {
    case 'group':
    case 'chain':
      return [...tasksOf(sig).flatMap(allTasksOf), ...behind];
    case 'chord':
      return [...allTasksOf(headerOf(sig)), ...allTasksOf(bodyOf(sig)), ...behind];
    default:
      return [sig, ...behind];
  }
}

/** The later ones win, but a group once stated stays: another would stall the tasks that wait for it. */
export function merged(own: SignatureOptions, more: SignatureOptions): SignatureOptions {
  const options = { ...own };
  for (const key of Object.keys(more))
    if (more[key] !== undefined && more[key] !== null && !(key === 'group_id' && own.group_id !== undefined))
      options[key] = more[key];
  return options;
}

/** Adds a callback or an errback, of a chord to its body, of a group to each member. @throws CanvasError */
export function linkTo(sig: Signature, option: 'link' | 'link_error', added: Signature): void {
  if (sig.subtask_type === 'chord') return linkTo(bodyOf(sig), option, added);
  if (sig.subtask_type === 'group') {
    if (option === 'link') throw new CanvasError('TypeError', 'Cannot add link to group: use a chord');
    for (const task of tasksOf(sig)) linkTo(task, option, added);
    return;
  }
  const list = listOf(sig.options[option]) ?? [];
  const text = JSON.stringify(added);
  if (!list.some((one) => JSON.stringify(one) === text)) sig.options[option] = [...list, added];
}

/** Signatures of an option that may hold one or a list of them; null: none. */
export function listOf(value: unknown): Signature[] | null {
  if (value === undefined || value === null) return null;
  return (Array.isArray(value) ? value : [value]) as Signature[];
}

/** `chunks`: a group of `starmap`, each over a part of the list. */
export function chunked(sig: Signature): Signature {
  const { task, it, n } = sig.kwargs as { task: Signature; it: unknown[]; n: number };
  const parts: Signature[] = [];
  const { task_id: _id, group_id: _group, ...options } = sig.options;
  for (let i = 0; i < it.length; i += n)
    parts.push({
      ...{ task: 'celery.starmap', args: [], kwargs: { task, it: it.slice(i, i + n) } },
      ...{ options: { ...options }, subtask_type: 'xstarmap', immutable: true },
    });
  return groupOf(parts);
}
