import { MenuChoice } from '../ui/menu.tsx';
import { setPreferences, usePreferences } from './preferences.ts';

/** In a menu: how high rows are, in all tables. */
export function DensityChoice() {
  const { density } = usePreferences();
  return (
    <MenuChoice
      label="Rows"
      value={density}
      options={[
        { value: 'compact', label: 'Compact' },
        { value: 'normal', label: 'Normal' },
        { value: 'comfortable', label: 'Comfortable' },
      ]}
      onChange={(next) => setPreferences({ density: next })}
    />
  );
}
