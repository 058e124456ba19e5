import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { cx } from '../cx.ts';
import { CheckBox } from '../switch.tsx';
import { useNarrow } from '../use-narrow.ts';
import type { Column, Sort } from './column.ts';
import styles from './data-table.module.css';
import { HeaderCell } from './header-cell.tsx';
import { useRowKeys } from './use-row-keys.ts';

/** A table with fewer rows is as high as they are; with more it scrolls inside and draws those in sight. */
const VIRTUAL_FROM = 100;
const ROW_PX = 32;
/** Narrower than this a row is a few lines: of a table with many columns, and of one in a panel, which has few. */
const NARROW_PX = 640;
const NARROW_BARE_PX = 300;
const OVERSCAN = 12;
/** So near to the end more is asked for. */
const NEAR_END = 20;

export interface DataTableProps<Row> {
  /** What it lists, read out. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Shown when there is no row: an `EmptyState`. */
  readonly empty: ReactNode;
  /** `Enter` and a click on a row. A cell should have a link as well, for a new tab. */
  readonly onOpen?: (row: Row) => void;
  /** Keys of the selected rows; with `onSelect` rows can be selected. */
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (keys: ReadonlySet<string>) => void;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  /** Other rows are on their way, and will take the place of these. */
  readonly busy?: boolean;
  /** Without a frame: it stands in a panel. */
  readonly bare?: boolean;
  /** It fills what is left of the page and scrolls inside. */
  readonly fill?: boolean;
  /** The end is near: load more. Called again and again while it is. */
  readonly onEnd?: () => void;
  /** Of one that scrolls inside: which rows are drawn, those in sight and some around them, when that changes. */
  readonly onRange?: (first: number, last: number) => void;
  /** Of one that scrolls inside: how far it is scrolled at first, px; and when that changes. */
  readonly top?: number;
  readonly onTop?: (px: number) => void;
  /** Under the last row: that more is loading, or that this is all. */
  readonly footer?: ReactNode;
}

/** A table with a header that stays, rows drawn when in sight, selection and keys: `j k x Enter`, Shift for ranges. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, empty, selected, onSelect, sort, onSort, fill, onEnd, footer } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useNarrow(scroller, props.bare ? NARROW_BARE_PX : NARROW_PX);
  const scrolls = fill || rows.length > VIRTUAL_FROM;
  // eslint-disable-next-line react-hooks/incompatible-library -- drawn anew with each move, which is what it is for
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (narrow ? 76 : ROW_PX),
    overscan: OVERSCAN,
    enabled: scrolls,
    getItemKey: (index) => rowKey(rows[index] as Row),
  });
  const [active, setActive] = useState(0);
  const keys = useRowKeys({ ...props, active, setActive, reveal: (index) => scrolls && virtual.scrollToIndex(index) });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (scrolls && rows.length > 0 && last >= rows.length - NEAR_END) onEnd?.();
  }, [scrolls, last, rows.length, onEnd]);

  const begin = items[0]?.index ?? 0;
  const tellRange = useEffectEvent(() => props.onRange?.(begin, last));
  useEffect(() => {
    if (scrolls && rows.length > 0) tellRange();
  }, [scrolls, begin, last, rows.length]);

  const scrollBack = useEffectEvent(() => {
    if (props.top && scroller.current) scroller.current.scrollTop = props.top;
  });
  useLayoutEffect(() => scrollBack(), []);

  if (rows.length === 0) return empty;
  const template = [onSelect && '34px', ...columns.map((one) => one.width ?? 'minmax(90px, 1fr)')]
    .filter(Boolean)
    .join(' ');
  const all = onSelect !== undefined && rows.every((row) => selected?.has(rowKey(row)));
  const draw = (index: number, measure?: (element: Element | null) => void): ReactNode => {
    const row = rows[index] as Row;
    const key = rowKey(row);
    return (
      <div
        key={key}
        ref={measure}
        data-index={index}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={onSelect ? (selected?.has(key) ?? false) : undefined}
        tabIndex={index === Math.min(active, rows.length - 1) ? 0 : -1}
        className={cx(styles['row'], props.onOpen && styles['opens'])}
        onFocus={(event) => event.target === event.currentTarget && setActive(index)}
        onClick={(event) => keys.onClick(event, index)}
      >
        {onSelect && (
          <span role="gridcell" className={styles['check']}>
            <CheckBox
              checked={selected?.has(key) ?? false}
              label={`Select row ${index + 1}`}
              onChange={() => keys.toggle(index, false)}
            />
          </span>
        )}
        {columns.map((column) => (
          <span
            key={column.key}
            role="gridcell"
            data-phone={column.phone ?? 'line'}
            data-name={column.header}
            className={cx(styles['cell'], column.align === 'end' && styles['end'])}
          >
            {column.cell(row)}
          </span>
        ))}
      </div>
    );
  };
  const first = items[0]?.start ?? 0;
  return (
    <div
      ref={scroller}
      onScroll={props.onTop && ((event) => props.onTop?.(event.currentTarget.scrollTop))}
      className={cx(
        styles['scroller'],
        fill && styles['fill'],
        props.bare && styles['bare'],
        !fill && scrolls && styles['capped'],
        narrow && styles['narrow'],
      )}
      data-table=""
      data-scrolls={scrolls || undefined}
    >
      <div
        role="grid"
        tabIndex={-1}
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-busy={props.busy || undefined}
        aria-multiselectable={onSelect ? true : undefined}
        className={styles['table']}
        style={{ '--columns': template } as React.CSSProperties}
        onKeyDown={keys.onKeyDown}
      >
        <div role="row" aria-rowindex={1} className={styles['header']}>
          {onSelect && (
            <span role="columnheader" className={styles['check']}>
              <CheckBox
                checked={all}
                mixed={!all && (selected?.size ?? 0) > 0}
                label="Select all rows that are loaded"
                onChange={(next) => onSelect(new Set(next ? rows.map(rowKey) : []))}
              />
            </span>
          )}
          {columns.map((column) => (
            <HeaderCell key={column.key} column={column} sort={sort} onSort={onSort} />
          ))}
        </div>
        {scrolls ? (
          <div role="rowgroup" className={styles['body']} style={{ height: virtual.getTotalSize() }}>
            <div role="presentation" className={styles['window']} style={{ transform: `translateY(${first}px)` }}>
              {items.map((item) => draw(item.index, virtual.measureElement))}
            </div>
          </div>
        ) : (
          <div role="rowgroup">{rows.map((_, index) => draw(index))}</div>
        )}
      </div>
      {footer && <div className={styles['footer']}>{footer}</div>}
    </div>
  );
}
