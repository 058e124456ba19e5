import { Dialog } from '../../ui/dialog.tsx';
import { useShortcutList } from '../shortcuts.ts';
import styles from './help.module.css';

/** Of tables and dialogs, which listen themselves. */
const MORE: readonly (readonly [keys: string, label: string])[] = [
  ['j k', 'Next and previous row of a table'],
  ['x', 'Select the row; with Shift all from the last one'],
  ['Enter', 'Open the row'],
  ['Esc', 'Close, or clear the selection'],
];

/** The keys that work here and now. */
export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  const shortcuts = useShortcutList();
  const rows = [...shortcuts.map(({ keys, label }) => [keys, label] as const), ...MORE];
  return (
    <Dialog open={open} onClose={onClose} title="Keys">
      <dl className={styles['list']}>
        {rows.map(([keys, label], n) => (
          <div key={n}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key.replace('ctrl+', 'Ctrl ')}</kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
