import { mayChangeNumbers, parseExactJson, withBigintsAsText } from '@lovage/foundation';
import type { TaskErrorDocument, TaskState } from '@lovage/task';
import { wireException } from '../exception.ts';
import { pythonRepr } from '../repr.ts';
import { celeryState } from '../state.ts';
import { isObject, type Signature } from './signature.ts';

/** How a task of a chord's header ended. */
export interface PartEnd {
  /** On the wire. */
  readonly id: string;
  readonly state: TaskState;
  /** JSON text of what it returned. */
  readonly resultJson?: string | null;
  readonly error?: TaskErrorDocument | null;
}

/** What a chord's header has come to. */
export type ChordResults =
  { readonly ok: true; readonly results: readonly unknown[] } | { readonly ok: false; readonly reason: string };

/** Deepest nesting of groups in a header. */
const MAX_DEPTH = 32;
/** Longest text of what failed. */
const MAX_REASON = 1000;

/** The text under which a part is counted: the same end always gives the same. */
export function chordPart({ id, state, resultJson, error }: PartEnd): string {
  const status = celeryState(state);
  const value =
    status === 'SUCCESS' ? (resultJson ?? 'null') : JSON.stringify(wireException(state, error ?? undefined));
  return `[1, ${JSON.stringify(id)}, ${JSON.stringify(status)}, ${value}]`;
}

/**
 * The results of a header, in their order.
 * @param parts as they were counted, by anybody
 * @param group JSON text of the `GroupResult` that gives them their shape; null: a list
 */
export function chordResults(parts: readonly string[], group: string | null): ChordResults {
  const values = new Map<string, unknown>();
  const list: unknown[] = [];
  for (const text of parts) {
    const part = parsed(text);
    if (!Array.isArray(part) || part.length < 4 || typeof part[1] !== 'string')
      return failed('a result of the header is not JSON, such as NaN or Infinity');
    const [, id, status, value] = part as [unknown, string, unknown, unknown];
    if (status !== 'SUCCESS') return failed(`Dependency ${id} raised ${exceptionRepr(value)}`);
    values.set(id, value);
    list.push(value);
  }
  if (group === null) return { ok: true, results: list };
  const saved = parsed(group);
  const tuple: unknown = isObject(saved) ? saved['result'] : undefined;
  const shaped = shapeOf(tuple, values, 0);
  return Array.isArray(shaped) ? { ok: true, results: shaped } : { ok: true, results: list };
}

/** The error of a body that cannot run. */
export function chordError(reason: string): TaskErrorDocument {
  return { type: 'ChordError', message: reason };
}

/** The id of a chord's body, by which its caller knows the chord; undefined: it has none. */
export function bodyIdOf(body: Signature): string | undefined {
  switch (body.subtask_type) {
    case 'chain': {
      const last = (body.kwargs['tasks'] as Signature[]).at(-1);
      return last && bodyIdOf(last);
    }
    case 'chord':
      return bodyIdOf(body.kwargs['body'] as Signature);
    default:
      return body.options.task_id;
  }
}

const MISSING = Symbol('missing');

/** Results in the shape of a result tuple: `[[id, parent], null]` is one, `[[id, parent], [members]]` a list. */
function shapeOf(tuple: unknown, values: ReadonlyMap<string, unknown>, depth: number): unknown {
  if (depth > MAX_DEPTH || !Array.isArray(tuple)) return MISSING;
  const [head, members] = tuple as [unknown, unknown];
  if (Array.isArray(members)) {
    const shaped = members.map((member) => shapeOf(member, values, depth + 1));
    return shaped.includes(MISSING) ? MISSING : shaped;
  }
  const id: unknown = Array.isArray(head) ? head[0] : head;
  return typeof id === 'string' && values.has(id) ? values.get(id) : MISSING;
}

function parsed(text: string): unknown {
  try {
    return mayChangeNumbers(text) ? withBigintsAsText(parseExactJson(text)) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failed(reason: string): ChordResults {
  return { ok: false, reason: reason.slice(0, MAX_REASON) };
}

/** As Python shows an exception: `ValueError('boom')`. */
function exceptionRepr(value: unknown): string {
  const { exc_type: type, exc_message: message } = isObject(value) ? value : {};
  const args = Array.isArray(message) ? message : message === undefined || message === null ? [] : [message];
  return `${typeof type === 'string' ? type : 'Exception'}(${args.map((arg) => pythonRepr(arg, 500)).join(', ')})`;
}
