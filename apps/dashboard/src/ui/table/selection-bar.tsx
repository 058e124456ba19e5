import { ArrowUp, Columns3, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, IconButton } from '../button.tsx';
import { formatCount, formatWhole } from '../format.ts';
import { Menu, MenuCheck } from '../menu.tsx';
import { shownColumns, type Column } from './column.ts';
import styles from './selection-bar.module.css';

export interface SelectionBarProps {
  /** How many are selected; 0: no bar. */
  readonly count: number;
  /** What one is called: `task`. */
  readonly noun: string;
  /** How many match in all; more than the loaded ones can be selected by it. */
  readonly matching?: number;
  readonly allMatching?: boolean;
  readonly onAllMatching?: () => void;
  readonly onClear: () => void;
  /** What can be done to them. */
  readonly children: ReactNode;
}

/** At the foot of a table: how many are selected and what can be done to them. */
export function SelectionBar(props: SelectionBarProps) {
  const { count, noun, matching, allMatching, onAllMatching, onClear, children } = props;
  if (count === 0 && !allMatching) return null;
  const shown = allMatching && matching !== undefined ? matching : count;
  return (
    <div className={styles['bar']} role="region" aria-label="Selection">
      <span role="status">
        {formatWhole(shown)} {noun}
        {shown === 1 ? '' : 's'} selected
      </span>
      {onAllMatching && !allMatching && matching !== undefined && matching > count && (
        <Button small kind="ghost" onClick={onAllMatching}>
          Select all {formatWhole(matching)} matching
        </Button>
      )}
      <span className={styles['space']} />
      {children}
      <IconButton label="Clear the selection" small onClick={onClear}>
        <X size={14} />
      </IconButton>
    </div>
  );
}

/** New rows wait behind it, so that nothing moves under the pointer. */
export function NewRows({ count, more, onShow }: { count: number; more?: boolean; onShow: () => void }) {
  if (count === 0 && !more) return null;
  return (
    <div className={styles['pill']} role="status">
      <Button small kind="primary" icon={<ArrowUp size={13} />} onClick={onShow}>
        {count === 0 ? 'Many changed' : `${formatCount(count)}${more ? '+' : ''} new`}
      </Button>
    </div>
  );
}

export interface ColumnChooserProps<Row> {
  readonly columns: readonly Column<Row>[];
  /** Keys of those that are shown; undefined: as the screen says. */
  readonly chosen: readonly string[] | undefined;
  readonly onChange: (keys: readonly string[]) => void;
}

export function ColumnChooser<Row>({ columns, chosen, onChange }: ColumnChooserProps<Row>) {
  const shown = shownColumns(columns, chosen).map((column) => column.key);
  return (
    <Menu
      trigger={
        <IconButton label="Columns" kind="plain">
          <Columns3 size={15} />
        </IconButton>
      }
    >
      {columns
        .filter((column) => !column.fixed)
        .map((column) => (
          <MenuCheck
            key={column.key}
            checked={shown.includes(column.key)}
            onChange={(next) => onChange(next ? [...shown, column.key] : shown.filter((key) => key !== column.key))}
          >
            {column.header}
          </MenuCheck>
        ))}
    </Menu>
  );
}
