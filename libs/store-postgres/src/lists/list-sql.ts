import type { TaskFilter, TaskPosition, TaskSort } from '@lovage/ports';
import { TERMINAL_STATES, type TaskState, type TerminalState } from '@lovage/task';

/** Tasks that one statement looks at: what keeps every filter within its time. A page takes as many windows as it needs. */
const WINDOW = 4_000;
/** The same for a search in texts, which looks into each, and for tags and groups of failures, which find each by its id. */
const TEXT_WINDOW = 2_000;
/** A field of more bytes is left out of lists. */
const LISTED_BYTES = 8_192;
/** Tasks looked at for counts, at most. */
const COUNT_WINDOW = 10_000;
/** By columns of the ranges' own, so that the planner sees that each is in order, whatever it is read from. */
const mergeOrder = (sort: TaskSort): string => `order by sort_at ${wayOf(sort)}, sort_id ${wayOf(sort)}`;
const wayOf = (sort: TaskSort): 'asc' | 'desc' => (sort === 'oldest' ? 'asc' : 'desc');
const MERGE_ORDER = mergeOrder('newest');

const TERMINAL: ReadonlySet<string> = new Set(TERMINAL_STATES);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const SMALL_COLUMNS =
  'id, wire_id, name, queue, state, turn, retries, suspected, crashes, claim_worker, claim_no, worker, user_id, parent_id, root_id, ' +
  'retried_from, eta, expires_at, priority, input_stamp, extra, cancel_at, cancel_by, cancel_why, created_at, started_at, finished_at, escaped';
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

/** A filter whose `namePrefix` is looked up in the index: the names of ended tasks that begin so, if they are few. */
export interface ResolvedFilter extends TaskFilter {
  readonly names?: readonly string[];
}

/** The queries of one window; see docs/decisions/0100 and 0300. */
export interface ListQueries {
  /** Matching rows of the window, in the order of the list, at most `limit`. */
  readonly page: Query;
  /** Where a full window ends: its last row; no row: the window reached the end. */
  readonly windowEnd: Query;
}

/**
 * A list is a merge of ranges, each read from its index in the order of the list: live tasks, and ended ones by the most telling
 * of the filters. By ends there is one range, see docs/decisions/0402. Of what the merge gives, a window is looked at with all filters.
 */
export function listQueries(
  filter: ResolvedFilter,
  page: { limit: number; after?: TaskPosition | undefined; window?: number; sort?: TaskSort },
): ListQueries {
  const { window = windowOf(filter), sort = 'newest' } = page;
  const order = mergeOrder(sort);
  const merge = (columns: string, p: Place): string => mergeOf(filter, { after: page.after, window, columns, sort }, p);
  return {
    page: build((p) => {
      const merged = `select * from (${merge('t.*', p)}) m ${order} limit ${window}`;
      const all = conditionsOf(filter, sort, p).join(' and ') || 'true';
      return `select ${listedColumns(LISTED_BYTES)} from (${merged}) w where ${all} ${order} limit ${p(page.limit)}`;
    }),
    windowEnd: build(
      (p) =>
        `select sort_at as created_at, sort_id as id from (${merge('null', p)}) m ${order} offset ${window - 1} limit 1`,
    ),
  };
}

/** What conditions look at, without what may be large. */
const COUNTED_COLUMNS =
  't.id, t.state, t.name, t.queue, t.worker, t.user_id, t.parent_id, t.root_id, t.retried_from, t.created_at, t.finished_at';

/** Tasks of a filter by state: of each how many match, how many were looked at, and when the oldest of these was made. */
export function countsQuery(
  filter: ResolvedFilter,
  page: { after?: TaskPosition | undefined; window?: number } = {},
): Query & { readonly window: number } {
  const columns = readsInputs(filter) ? 't.*' : COUNTED_COLUMNS;
  const { after, window = countWindow(filter) } = page;
  const query = build((p) => {
    const looked = `select * from (${mergeOf(filter, { after, window, columns }, p)}) m ${MERGE_ORDER} limit ${window}`;
    const all = conditions(filter, p).join(' and ') || 'true';
    return `select state, (count(*) filter (where ${all}))::float8 as n, count(*)::float8 as looked, min(created_at) as oldest
      from (${looked}) w group by state`;
  });
  return { ...query, window };
}

const countWindow = (filter: TaskFilter): number =>
  readsInputs(filter) ? TEXT_WINDOW : isJoined(filter) ? WINDOW : COUNT_WINDOW;

const WATCHED_COLUMNS = `${COUNTED_COLUMNS}, t.wire_id, t.turn, t.suspected, t.retries, t.cancel_at, t.started_at`;
const TOLD_COLUMNS =
  'id, wire_id, name, state, turn, retries, suspected, created_at, started_at, finished_at, cancel_at';

/** The newest tasks of a filter, at most `limit`, of the first window of a page. */
export function newestQuery(filter: TaskFilter, limit: number): Query {
  const window = windowOf(filter);
  const columns = readsInputs(filter) ? 't.*' : WATCHED_COLUMNS;
  return build((p) => {
    const looked = `select * from (${mergeOf(filter, { window, columns }, p)}) m ${MERGE_ORDER} limit ${window}`;
    const all = conditions(filter, p).join(' and ') || 'true';
    return `select ${TOLD_COLUMNS} from (${looked}) w where ${all} ${MERGE_ORDER} limit ${p(limit)}`;
  });
}

/** Of these tasks those that exist, and whether the filter fits them. */
export function fitsQuery(filter: TaskFilter, ids: readonly string[]): Query {
  return build((p) => {
    const all = [...conditions(filter, p), ...madeWithin(filter, p)].join(' and ') || 'true';
    return `select ${TOLD_COLUMNS}, coalesce(${all}, false) as fits from tasks w where id = any(${p(ids)}::uuid[])`;
  });
}

/** Ranges hold these by themselves. */
function madeWithin({ createdFrom, createdTo }: TaskFilter, p: Place): string[] {
  const all: string[] = [];
  if (createdFrom !== undefined) all.push(`created_at >= ${time(p, createdFrom)}`);
  if (createdTo !== undefined) all.push(`created_at < ${time(p, createdTo)}`);
  return all;
}

/** Whether a filter looks into the texts of each task of its window. */
export const readsInputs = ({ text, fields }: TaskFilter): boolean => text !== undefined || (fields?.length ?? 0) > 0;
/** Whether a filter finds each task by its id. */
const isJoined = ({ tags, failureGroup }: TaskFilter): boolean => tags !== undefined || failureGroup !== undefined;
/** Tasks of the first window of a page. */
export const windowOf = (filter: TaskFilter): number =>
  readsInputs(filter) || isJoined(filter) ? TEXT_WINDOW : WINDOW;

function mergeOf(
  filter: ResolvedFilter,
  {
    after,
    window,
    columns,
    sort = 'newest',
  }: { after?: TaskPosition | undefined; window: number; columns: string; sort?: TaskSort },
  p: Place,
): string {
  const way = wayOf(sort);
  return (sort === 'ended' ? [endedRange(filter, after, p)] : ranges(filter, after, way, p))
    .map(
      ({ from, where, at, id }) =>
        `(select ${columns}, ${at} as sort_at, ${id} as sort_id from ${from} where ${where} order by ${at} ${way}, ${id} ${way} limit ${window})`,
    )
    .join(' union all ');
}

/** Puts a value into the query and gives its place. */
type Place = (value: unknown) => string;

function build(write: (place: Place) => string): Query {
  const values: unknown[] = [];
  const text = write((value) => `$${values.push(value)}`);
  return { text, values };
}

const time = (p: Place, ms: number): string => `(timestamptz 'epoch' + ${p(ms)}::bigint * interval '1 ms')`;

/** Rows of `tasks t` that an index gives in the order of the list. */
interface Range {
  readonly from: string;
  readonly where: string;
  /** The columns of that order. */
  readonly at: string;
  readonly id: string;
}

/** Ended tasks by their end: one range, whatever else is asked of them. */
function endedRange(filter: TaskFilter, after: TaskPosition | undefined, p: Place): Range {
  const all = ['t.finished_at is not null'];
  if (endedStates(filter).length === 0) all.push('false');
  if (after) all.push(`(t.finished_at, t.id) < (${time(p, after.at)}, ${p(after.id)}::uuid)`);
  if (filter.finishedFrom !== undefined) all.push(`t.finished_at >= ${time(p, filter.finishedFrom)}`);
  if (filter.finishedTo !== undefined) all.push(`t.finished_at < ${time(p, filter.finishedTo)}`);
  const id = UUID.test(filter.text ?? '') && filter.text;
  if (id) all.push(`t.id = ${p(id)}::uuid`);
  return { from: 'tasks t', where: all.join(' and '), at: 't.finished_at', id: 't.id' };
}

/** What the ranges of an order do not hold by themselves. */
function conditionsOf(filter: TaskFilter, sort: TaskSort, p: Place): string[] {
  return [...conditions(filter, p), ...(sort === 'ended' ? madeWithin(filter, p) : [])];
}

function ranges(filter: ResolvedFilter, after: TaskPosition | undefined, way: 'asc' | 'desc', p: Place): Range[] {
  // What had ended by then was made by then.
  const createdTo = Math.min(filter.createdTo ?? Infinity, filter.finishedTo ?? Infinity);
  const range = (where: readonly string[], { from = 'tasks t', at = 't.created_at', id = 't.id' } = {}): Range => {
    const all = [...where];
    if (after) all.push(`(${at}, ${id}) ${way === 'asc' ? '>' : '<'} (${time(p, after.at)}, ${p(after.id)}::uuid)`);
    if (filter.createdFrom !== undefined) all.push(`${at} >= ${time(p, filter.createdFrom)}`);
    if (createdTo !== Infinity) all.push(`${at} < ${time(p, createdTo)}`);
    return { from, where: all.join(' and '), at, id };
  };
  if (filter.ids !== undefined) return [range([`t.id = any(${p(filter.ids)}::uuid[])`])];
  if (UUID.test(filter.text ?? '')) return [range([`t.id = ${p(filter.text)}::uuid`])];
  const { retriedFrom, parentId, rootId, failureGroup, tags } = filter;
  if (retriedFrom !== undefined) return [range([`t.retried_from = ${p(retriedFrom)}::uuid`])];
  if (parentId !== undefined) return [range([`t.parent_id = ${p(parentId)}::uuid`])];
  // The root's own row has its id there, as every task without a parent has: the index leaves these out.
  if (rootId !== undefined)
    return [range([`t.root_id = ${p(rootId)}::uuid`, 't.root_id <> t.id']), range([`t.id = ${p(rootId)}::uuid`])];
  if (failureGroup !== undefined) {
    const from = 'task_failures g join tasks t on t.id = g.task_id';
    return [range([`g.group_id = ${p(failureGroup)}::uuid`], { from, at: 'g.created_at', id: 'g.task_id' })];
  }
  if (tags !== undefined && tags.length > 0) {
    const from = 'task_tags g join tasks t on t.id = g.task_id';
    return [range([`g.tag = ${p(tags[0])}`], { from, at: 'g.created_at', id: 'g.task_id' })];
  }
  const all: Range[] = [];
  if (wantsLive(filter)) all.push(range(['t.finished_at is null']));
  const ended = endedStates(filter);
  const telling = tellingColumn(filter);
  // The one state that most tasks end in tells less than anything else that is asked for.
  if (telling && ended.includes('SUCCESS'))
    for (const value of telling[1]) all.push(range(['t.finished_at is not null', `t.${telling[0]} = ${p(value)}`]));
  else for (const state of ended) all.push(range(['t.finished_at is not null', `t.ended_state = ${p(state)}`]));
  // What nothing can meet still takes a range to be a query.
  return all.length > 0 ? all : [range(['false'])];
}

/** A column that an index begins with, and the values that are asked of it. */
function tellingColumn({
  userId,
  name,
  names,
  queue,
}: ResolvedFilter): readonly [string, readonly string[]] | undefined {
  if (userId !== undefined) return ['user_id', [userId]];
  if (name !== undefined) return ['name', [name]];
  if (names !== undefined) return ['name', names];
  return queue === undefined ? undefined : ['queue', [queue]];
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
  const { states, name, namePrefix, queue, worker, userId, finishedFrom, finishedTo, text } = filter;
  const { ids, retriedFrom, parentId, rootId, failureGroup, tags = [], fields = [] } = filter;
  const all: string[] = [];
  if (ids !== undefined) all.push(`id = any(${p(ids)}::uuid[])`);
  if (states !== undefined) all.push(`state = any(${p(states)}::text[])`);
  if (name !== undefined) all.push(`name = ${p(name)}`);
  if (namePrefix !== undefined) all.push(`name like ${p(`${likeText(namePrefix)}%`)}`);
  if (queue !== undefined) all.push(`queue = ${p(queue)}`);
  if (worker !== undefined) all.push(`worker = ${p(worker)}`);
  if (userId !== undefined) all.push(`user_id = ${p(userId)}::uuid`);
  if (retriedFrom !== undefined) all.push(`retried_from = ${p(retriedFrom)}::uuid`);
  if (parentId !== undefined) all.push(`parent_id = ${p(parentId)}::uuid`);
  if (rootId !== undefined) all.push(`(root_id = ${p(rootId)}::uuid or id = ${p(rootId)}::uuid)`);
  if (failureGroup !== undefined)
    all.push(`exists (select from task_failures g where g.task_id = w.id and g.group_id = ${p(failureGroup)}::uuid)`);
  for (const tag of tags)
    all.push(
      `exists (select from task_tags g where g.tag = ${p(tag)} and g.created_at = w.created_at and g.task_id = w.id)`,
    );
  for (const { path, value } of fields) all.push(fieldIs(p(path.split('.')), p(value)));
  if (finishedFrom !== undefined) all.push(`finished_at >= ${time(p, finishedFrom)}`);
  if (finishedTo !== undefined) all.push(`finished_at < ${time(p, finishedTo)}`);
  if (ids !== undefined && text !== undefined && UUID.test(text)) all.push(`id = ${p(text)}::uuid`);
  if (text !== undefined && !UUID.test(text)) {
    const like = p(`%${likeText(text)}%`);
    const columns = ['id::text', 'wire_id', 'name', 'input::text', 'error::text'];
    all.push(`(${columns.map((column) => `${column} ilike ${like}`).join(' or ')})`);
  }
  return all;
}

/** A text in a pattern of `like`, with no sign of it meaning anything. */
export const likeText = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Postgres fails on reading a JSON value that holds NUL; such an input never matches. */
function fieldIs(path: string, value: string): string {
  const holds = `coalesce(input #>> ${path}::text[] = ${value}, false)`;
  return `case when position('\\u0000' in input::text) > 0 then false else ${holds} end`;
}
