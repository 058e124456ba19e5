import { createContext, use } from 'react';

export interface TimePreferences {
  /** Which of the two is shown; the other one stands in the tooltip. */
  readonly mode: 'relative' | 'absolute';
  /** IANA name, such as `Europe/Berlin` or `UTC`. */
  readonly zone: string;
}

export const TimePreferencesContext = createContext<TimePreferences>({ mode: 'relative', zone: 'UTC' });

/** How times are to be shown. */
export function useTimePreferences(): TimePreferences {
  return use(TimePreferencesContext);
}
