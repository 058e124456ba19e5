import { MenuChoice, type MenuChoiceProps } from '../ui/menu.tsx';
import { setPreferences, usePreferences, type Preferences } from './preferences.ts';

export interface PreferenceChoiceProps<K extends keyof Preferences> {
  readonly of: K;
  readonly label: string;
  readonly options: MenuChoiceProps<Preferences[K]>['options'];
}

/** In a menu: what the user prefers of one thing. */
export function PreferenceChoice<K extends keyof Preferences>({ of, label, options }: PreferenceChoiceProps<K>) {
  const value = usePreferences()[of];
  return (
    <MenuChoice label={label} value={value} options={options} onChange={(next) => setPreferences({ [of]: next })} />
  );
}

/** In a menu: how high rows are, in all tables. */
export function DensityChoice() {
  return (
    <PreferenceChoice
      of="density"
      label="Rows"
      options={[
        { value: 'compact', label: 'Compact' },
        { value: 'normal', label: 'Normal' },
        { value: 'comfortable', label: 'Comfortable' },
      ]}
    />
  );
}
