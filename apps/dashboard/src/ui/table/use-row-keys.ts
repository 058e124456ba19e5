import { useRef, type KeyboardEvent, type MouseEvent } from 'react';

interface RowKeysOptions<Row> {
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (keys: ReadonlySet<string>) => void;
  readonly active: number;
  readonly setActive: (index: number) => void;
  /** Brings a row into sight. */
  readonly reveal: (index: number) => void;
}

const PAGE = 10;
/** Frames within which a row that was scrolled to is drawn. */
const DRAWN_WITHIN = 30;
const STEPS: Readonly<Record<string, number>> = {
  j: 1,
  ArrowDown: 1,
  k: -1,
  ArrowUp: -1,
  PageDown: PAGE,
  PageUp: -PAGE,
};

/** Keys and clicks of a table's rows. */
export function useRowKeys<Row>(options: RowKeysOptions<Row>) {
  const { rows, rowKey, onOpen, selected, onSelect, active, setActive, reveal } = options;
  /** Where a range begins: the row that was selected last. */
  const anchor = useRef(0);
  /** Where the last move leads. */
  const goal = useRef(0);

  const toggle = (index: number, range: boolean): void => {
    if (!onSelect) return;
    const keys = new Set(selected);
    const row = rows[index];
    if (row === undefined) return;
    const on = !keys.has(rowKey(row));
    const [from, to] = range ? [Math.min(anchor.current, index), Math.max(anchor.current, index)] : [index, index];
    for (const one of rows.slice(from, to + 1)) {
      if (on || range) keys.add(rowKey(one));
      else keys.delete(rowKey(one));
    }
    anchor.current = index;
    onSelect(keys);
  };

  const move = (grid: HTMLElement, index: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setActive(next);
    goal.current = next;
    const focus = (): boolean => {
      const row = grid.querySelector<HTMLElement>(`[data-index="${next}"]`);
      row?.focus({ preventScroll: false });
      return row !== null;
    };
    if (focus()) return;
    // The row is drawn once it has come into sight; until then the grid has the keys, for the row that had them may go.
    grid.focus({ preventScroll: true });
    reveal(next);
    const wait = (frames: number): void =>
      void requestAnimationFrame(() => {
        // Another key may have gone further meanwhile.
        if (goal.current === next && document.activeElement === grid && !focus() && frames > 0) wait(frames - 1);
      });
    wait(DRAWN_WITHIN);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const target = event.target as HTMLElement;
    if (!/^(?:row|grid)$/.test(target.getAttribute('role') ?? '') || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const step = STEPS[event.key === 'J' ? 'j' : event.key === 'K' ? 'k' : event.key];
    const row = rows[active];
    if (step !== undefined) {
      move(event.currentTarget, active + step);
      if (event.shiftKey && Math.abs(step) === 1) toggle(Math.max(0, Math.min(rows.length - 1, active + step)), true);
    } else if (event.key === 'Home') move(event.currentTarget, 0);
    else if (event.key === 'End') move(event.currentTarget, rows.length - 1);
    else if (event.key.toLowerCase() === 'x' && onSelect) toggle(active, event.shiftKey);
    else if (event.key === 'Enter' && row !== undefined && onOpen) onOpen(row);
    else if (event.key === 'Escape' && onSelect && selected && selected.size > 0) onSelect(new Set());
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const onClick = (event: MouseEvent<HTMLElement>, index: number): void => {
    const target = event.target as HTMLElement;
    // A menu or dialog that a cell opened stands elsewhere in the page; React tells its clicks here too.
    if (!event.currentTarget.contains(target)) return;
    setActive(index);
    // A link, button or box in the row acts for itself; a user who selects text does not want to leave.
    if (target.closest('a, button, input, label, select, [role="checkbox"]')) return;
    if (event.shiftKey && onSelect) return toggle(index, true);
    if (getSelection()?.isCollapsed === false) return;
    const row = rows[index];
    if (row !== undefined) onOpen?.(row);
  };

  return { toggle, onKeyDown, onClick };
}
