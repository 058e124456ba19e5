import type { TaskListQuery } from '@lovage/http-api';
import type { TaskFilter } from '@lovage/ports';
import { fieldTag, isTag, type ContractRegistry } from '@lovage/task';

/** Whether each task of a window must be looked into: such requests of a user run one at a time. */
export const looksIntoEach = ({ text, field }: Pick<Partial<TaskListQuery>, 'text' | 'field'>): boolean =>
  text !== undefined || field !== undefined;

/**
 * Of a query, or of a body that names tasks as queries do. A field that the contract has as a tag is looked up by that tag.
 */
export function filterOf(query: Partial<TaskListQuery>, contracts: Pick<ContractRegistry, 'find'>): TaskFilter {
  const {
    state,
    name,
    user,
    tag = [],
    parent,
    root,
    retriedFrom,
    failureGroup,
    field = [],
    sort: _sort,
    limit: _limit,
    cursor: _cursor,
    ...same
  } = query;
  const paths = (name === undefined ? undefined : contracts.find(name))?.options.tags ?? [];
  const isIndexed = ({ path, value }: (typeof field)[number]): boolean =>
    paths.includes(path) && isTag(fieldTag(path, value));
  const indexed = field.filter(isIndexed);
  const fields = field.filter((one) => !isIndexed(one));
  const tags = [...new Set([...indexed.map(({ path, value }) => fieldTag(path, value)), ...tag])];
  return {
    ...same,
    states: state,
    ...(name?.endsWith('*') ? { namePrefix: name.slice(0, -1) } : { name }),
    userId: user?.toLowerCase(),
    parentId: parent?.toLowerCase(),
    rootId: root?.toLowerCase(),
    retriedFrom: retriedFrom?.toLowerCase(),
    failureGroup: failureGroup?.toLowerCase(),
    ...(tags.length > 0 && { tags }),
    ...(fields.length > 0 && { fields }),
  };
}
