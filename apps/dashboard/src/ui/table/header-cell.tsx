import { ArrowDown, ArrowUp } from 'lucide-react';
import { cx } from '../cx.ts';
import type { Column, Sort } from './column.ts';
import styles from './data-table.module.css';

interface HeaderCellProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: ((sort: Sort) => void) | undefined;
}

/** The head of a column; a button where the API sorts by it. */
export function HeaderCell<Row>({ column, sort, onSort }: HeaderCellProps<Row>) {
  const by = column.sort;
  const sorted = by !== undefined && sort?.key === by;
  return (
    <span
      role="columnheader"
      className={cx(styles['head'], column.align === 'end' && styles['end'])}
      aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : undefined}
    >
      {by !== undefined && onSort ? (
        <button
          type="button"
          className={styles['sort']}
          onClick={() => onSort({ key: by, descending: sorted ? !sort.descending : true })}
        >
          {column.header}
          {sorted && (sort.descending ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
        </button>
      ) : (
        column.header
      )}
    </span>
  );
}
