import { Rows3 } from 'lucide-react';
import { setPreferences, usePreferences } from '../../app/preferences.ts';
import { IconButton } from '../../ui/button.tsx';
import { Menu, MenuChoice } from '../../ui/menu.tsx';

/** How high rows are, in all tables. */
export function RowMenu() {
  const { density } = usePreferences();
  return (
    <Menu
      trigger={
        <IconButton label="Height of rows" kind="plain">
          <Rows3 size={15} />
        </IconButton>
      }
    >
      <MenuChoice
        label="Rows"
        value={density}
        onChange={(next) => setPreferences({ density: next })}
        options={[
          { value: 'compact', label: 'Compact' },
          { value: 'normal', label: 'Normal' },
          { value: 'comfortable', label: 'Comfortable' },
        ]}
      />
    </Menu>
  );
}
