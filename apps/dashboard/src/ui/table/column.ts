import type { ReactNode } from 'react';

/** A column of a table. */
export interface Column<Row> {
  /** Stable: kept in settings and URLs. */
  readonly key: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** A track of CSS grid, such as `120px` or `minmax(160px, 2fr)`. Default: `minmax(90px, 1fr)`. */
  readonly width?: string;
  /** Numbers stand at the end. */
  readonly align?: 'end';
  /** The API sorts by it; the name for it. */
  readonly sort?: string;
  /** Cannot be hidden. */
  readonly fixed?: boolean;
  /** Shown only when the user asks for it. */
  readonly optional?: boolean;
  /**
   * On a phone a row is a few lines: `title` is the first, `hide` is left out, `line` (the default) follows with its name, `bare`
   * without it, `wide` without it on a line of its own.
   */
  readonly phone?: 'title' | 'line' | 'bare' | 'wide' | 'hide';
}

export interface Sort {
  readonly key: string;
  readonly descending: boolean;
}

/** Those that are shown: as the user chose (`chosen`: keys), else all that are not optional. */
export function shownColumns<Row>(
  columns: readonly Column<Row>[],
  chosen: readonly string[] | undefined,
): Column<Row>[] {
  return columns.filter((column) => column.fixed || (chosen ? chosen.includes(column.key) : !column.optional));
}
