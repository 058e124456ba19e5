import { errorDetails, fieldOf, fitText, isUuid, plainFields } from '@lovage/foundation';
import { TASK_LOG_LEVELS, type TaskLogLevel } from '@lovage/ports';
import {
  MOST_SUBMITS,
  type ChildSubmit,
  type AttemptEnd,
  type Escaped,
  type FromChild,
  type Question,
} from './protocol.ts';

const MAX_LOG_MESSAGE = 8192;

/**
 * A message of a child, read; undefined when it has none of these forms. A child runs foreign code, which may send whatever it likes
 * over the same channel: nothing that it sends may end the worker.
 */
export function readFromChild(message: unknown): FromChild | undefined {
  const type = fieldOf(message, 'type');
  switch (type) {
    case 'ready':
    case 'begun':
    case 'over':
      return { type };
    case 'unable':
      return { type, error: fieldOf(message, 'error') };
    case 'progress': {
      const progress = fieldOf(message, 'progress');
      return typeof progress === 'string' ? { type, progress } : undefined;
    }
    case 'log':
      return readLog(message);
    case 'ask': {
      const [no, question] = [fieldOf(message, 'no'), readQuestion(fieldOf(message, 'question'))];
      return typeof no === 'number' && question ? { type, no, question } : undefined;
    }
    case 'escaped':
      return readEscaped(message);
    case 'succeeded':
    case 'failed':
      return readEnd(type, message);
    default:
      return undefined;
  }
}

function readLog(message: unknown): FromChild | undefined {
  const [level, text] = [fieldOf(message, 'level'), fieldOf(message, 'message')];
  if (!TASK_LOG_LEVELS.includes(level as TaskLogLevel) || typeof text !== 'string') return undefined;
  return {
    ...{ type: 'log', level: level as TaskLogLevel },
    ...{ message: fitText(text, MAX_LOG_MESSAGE), fields: plainFields(fieldOf(message, 'fields')) },
  };
}

/** A batch is no larger. */
const MAX_CULPRITS = 10_000;

function readEscaped(message: unknown): FromChild | undefined {
  const [kind, told] = [fieldOf(message, 'kind'), fieldOf(message, 'tasks')];
  if ((kind !== 'rejection' && kind !== 'exception') || !Array.isArray(told)) return undefined;
  const tasks: Escaped['tasks'][number][] = [];
  for (const one of told.slice(0, MAX_CULPRITS)) {
    const [id, name, attempt] = [fieldOf(one, 'id'), fieldOf(one, 'name'), fieldOf(one, 'attempt')];
    if (typeof id === 'string' && isUuid(id) && typeof name === 'string' && typeof attempt === 'number')
      tasks.push({ id, name: fitText(name, 200), attempt });
  }
  return { type: 'escaped', kind, error: errorDetails(fieldOf(message, 'error')), tasks };
}

function readQuestion(question: unknown): Question | undefined {
  const text = (key: string): string | undefined => {
    const value = fieldOf(question, key);
    return typeof value === 'string' ? value : undefined;
  };
  const [kind, key, value] = [text('kind'), text('key'), text('value')];
  if (kind === 'submit') {
    const tasks = fieldOf(question, 'tasks');
    if (!Array.isArray(tasks) || tasks.length > MOST_SUBMITS) return undefined;
    const read = tasks.map(readSubmit);
    return read.includes(undefined) ? undefined : { kind, tasks: read as ChildSubmit[] };
  }
  if (kind === 'findStep' && key !== undefined) return { kind, key };
  if (kind === 'keepStep' && key !== undefined && value !== undefined) return { kind, key, value };
  return undefined;
}

function readSubmit(task: unknown): ChildSubmit | undefined {
  const [contract, options] = [fieldOf(task, 'contract'), fieldOf(task, 'options')];
  if (typeof contract !== 'string') return undefined;
  const isObject = typeof options === 'object' && options !== null;
  return { contract, input: fieldOf(task, 'input'), options: isObject ? (options as ChildSubmit['options']) : {} };
}

function readEnd(type: AttemptEnd['type'], message: unknown): AttemptEnd | undefined {
  const memory = fieldOf(message, 'memory');
  const common = { memory: typeof memory === 'number' ? memory : 0, last: fieldOf(message, 'last') === true };
  // Read with the care it needs by `failureFromWire`.
  if (type === 'failed') return { type, failure: fieldOf(message, 'failure'), ...common };
  const result = fieldOf(message, 'result');
  return typeof result === 'string' ? { type, result, ...common } : undefined;
}
