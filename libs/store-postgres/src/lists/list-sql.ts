import type { TaskFilter, TaskPosition } from '@lovage/ports';
import { TERMINAL_STATES, type TaskState, type TerminalState } from '@lovage/task';

/** Tasks looked at for one page, at most: what keeps every filter within its time. */
const WINDOW = 4_000;
/** The same for a search in texts, which looks into each. */
const TEXT_WINDOW = 2_000;
/** A field of more bytes is left out of lists. */
const LISTED_BYTES = 8_192;

const TERMINAL: ReadonlySet<string> = new Set(TERMINAL_STATES);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const SMALL_COLUMNS =
  'id, wire_id, name, queue, state, turn, retries, suspected, crashes, claim_worker, claim_no, worker, user_id, parent_id, root_id, ' +
  'retried_from, eta, expires_at, priority, input_stamp, cancel_at, cancel_by, cancel_why, created_at, started_at, finished_at, escaped';
const LARGE_COLUMNS = ['input', 'result', 'error', 'progress'] as const;

/** Columns of a task without those of more than so many bytes, each of which is null and named by a `large_…`. */
export function listedColumns(maxBytes: number): string {
  const large = LARGE_COLUMNS.map((column) => {
    // The size as stored comes first: it is known without reading what is kept elsewhere.
    const isLarge = `(pg_column_size(${column}) > ${maxBytes} or octet_length(${column}::text) > ${maxBytes})`;
    return `coalesce(${isLarge}, false) as large_${column}, case when not ${isLarge} then ${column} end as ${column}`;
  });
  return `${SMALL_COLUMNS}, ${large.join(', ')}`;
}

export interface Query {
  readonly text: string;
  readonly values: unknown[];
}

/** The queries of one page; see docs/decisions/0100. */
export interface ListQueries {
  /** Matching rows of the window, newest first, at most `limit`. */
  readonly page: Query;
  /** The last row of a full window; no row: the window reached the end. */
  readonly windowEnd: Query;
}

/**
 * A list is a merge of ranges, each read from its index from the newest on: live tasks, and ended ones by the most telling
 * of the filters. Of what the merge gives, a window is looked at with all filters.
 */
export function listQueries(filter: TaskFilter, page: { limit: number; after?: TaskPosition }): ListQueries {
  const window = filter.text === undefined ? WINDOW : TEXT_WINDOW;
  const order = 'order by created_at desc, id desc';
  const merge = (columns: string, p: Place): string =>
    ranges(filter, page.after, p)
      .map((range) => `(select ${columns} from tasks t where ${range} ${order} limit ${window})`)
      .join(' union all ');
  return {
    page: build((p) => {
      const merged = `select * from (${merge('t.*', p)}) m ${order} limit ${window}`;
      const all = conditions(filter, p).join(' and ') || 'true';
      return `select ${listedColumns(LISTED_BYTES)} from (${merged}) w where ${all} ${order} limit ${p(page.limit)}`;
    }),
    windowEnd: build(
      (p) => `select created_at, id from (${merge('t.created_at, t.id', p)}) m ${order} offset ${window - 1} limit 1`,
    ),
  };
}

/** Puts a value into the query and gives its place. */
type Place = (value: unknown) => string;

function build(write: (place: Place) => string): Query {
  const values: unknown[] = [];
  const text = write((value) => `$${values.push(value)}`);
  return { text, values };
}

const time = (p: Place, ms: number): string => `(timestamptz 'epoch' + ${p(ms)}::bigint * interval '1 ms')`;

/** Conditions, one a range, that indexes answer in the order of the list. */
function ranges(filter: TaskFilter, after: TaskPosition | undefined, p: Place): string[] {
  const bounds: string[] = [];
  if (after) bounds.push(`(t.created_at, t.id) < (${time(p, after.createdAt)}, ${p(after.id)}::uuid)`);
  if (filter.createdFrom !== undefined) bounds.push(`t.created_at >= ${time(p, filter.createdFrom)}`);
  // What had ended by then was made by then.
  const createdTo = Math.min(filter.createdTo ?? Infinity, filter.finishedTo ?? Infinity);
  if (createdTo !== Infinity) bounds.push(`t.created_at < ${time(p, createdTo)}`);
  const range = (...of: string[]): string => [...of, ...bounds].join(' and ');
  if (UUID.test(filter.text ?? '')) return [range(`t.id = ${p(filter.text)}::uuid`)];
  const all: string[] = [];
  if (wantsLive(filter)) all.push(range('t.finished_at is null'));
  const ended = endedStates(filter);
  const telling = tellingColumn(filter);
  // The one state that most tasks end in tells less than anything else that is asked for.
  if (telling && ended.includes('SUCCESS'))
    all.push(range('t.finished_at is not null', `t.${telling[0]} = ${p(telling[1])}`));
  else for (const state of ended) all.push(range('t.finished_at is not null', `t.ended_state = ${p(state)}`));
  // What nothing can meet still takes a range to be a query.
  return all.length > 0 ? all : [range('false')];
}

function tellingColumn({ userId, name, queue }: TaskFilter): readonly [string, string] | undefined {
  if (userId !== undefined) return ['user_id', userId];
  if (name !== undefined) return ['name', name];
  return queue === undefined ? undefined : ['queue', queue];
}

const isEnded = (state: TaskState): state is TerminalState => TERMINAL.has(state);
const asksForEnd = (filter: TaskFilter): boolean =>
  filter.finishedFrom !== undefined || filter.finishedTo !== undefined;

const wantsLive = (filter: TaskFilter): boolean =>
  !asksForEnd(filter) && (filter.states === undefined || filter.states.some((state) => !isEnded(state)));

function endedStates({ states }: TaskFilter): readonly TerminalState[] {
  return states === undefined ? TERMINAL_STATES : states.filter(isEnded);
}

/** All that is asked for, of each row. */
function conditions(filter: TaskFilter, p: Place): string[] {
  const { states, name, queue, worker, userId, finishedFrom, finishedTo, text } = filter;
  const all: string[] = [];
  if (states !== undefined) all.push(`state = any(${p(states)}::text[])`);
  if (name !== undefined) all.push(`name = ${p(name)}`);
  if (queue !== undefined) all.push(`queue = ${p(queue)}`);
  if (worker !== undefined) all.push(`worker = ${p(worker)}`);
  if (userId !== undefined) all.push(`user_id = ${p(userId)}::uuid`);
  if (finishedFrom !== undefined) all.push(`finished_at >= ${time(p, finishedFrom)}`);
  if (finishedTo !== undefined) all.push(`finished_at < ${time(p, finishedTo)}`);
  if (text !== undefined && !UUID.test(text)) {
    const like = p(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
    const columns = ['id::text', 'wire_id', 'name', 'input::text', 'error::text'];
    all.push(`(${columns.map((column) => `${column} ilike ${like}`).join(' or ')})`);
  }
  return all;
}
