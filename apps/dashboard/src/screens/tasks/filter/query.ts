import type { Span, TaskListFilter } from './filter.ts';
import { momentMs, type MomentContext } from './moments.ts';

export interface QueryContext extends MomentContext {
  /** Id of the user who asks: `user:me`. */
  readonly userId: string;
}

/** Parameters of `GET /api/tasks`, of its counts and of `GET /api/live`. */
export type TaskQuery = Readonly<Record<string, string | readonly string[]>>;

/** What the gateway is asked. Times that count from now are those of `context.now`: a list and its further pages share one. */
export function queryOf(filter: TaskListFilter, context: QueryContext): TaskQuery {
  const { states, tags, fields, created, ended, user, text, name, queue, worker } = filter;
  const { parent, root, retriedFrom, failureGroup } = filter;
  const query: Record<string, string | readonly string[] | undefined> = {
    state: states.length > 0 ? states.join(',') : undefined,
    ...{ name, queue, worker, parent, root, retriedFrom, failureGroup, text },
    user: user === 'me' ? context.userId : user,
    tag: tags.length > 0 ? tags : undefined,
    field: fields.length > 0 ? fields.map(({ path, value }) => `${path.join('.')}=${value}`) : undefined,
    ...timesOf('created', created, context),
    ...timesOf('finished', ended, context),
  };
  return Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function timesOf(name: string, span: Span | undefined, context: MomentContext): Record<string, string | undefined> {
  const iso = (moment: string | undefined): string | undefined =>
    moment === undefined ? undefined : new Date(Math.max(0, momentMs(moment, context))).toISOString();
  return { [`${name}From`]: iso(span?.from), [`${name}To`]: iso(span?.to) };
}
