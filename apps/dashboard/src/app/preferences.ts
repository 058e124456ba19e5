import { useSyncExternalStore } from 'react';
import type { TimePreferences } from '../ui/time/time-preferences.ts';

export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'compact' | 'normal' | 'comfortable';
  readonly time: TimePreferences['mode'];
  /** `local`: of this browser; else an IANA name. */
  readonly zone: string;
}

const KEY = 'lovage.preferences';
const DEFAULTS: Preferences = { theme: 'system', density: 'normal', time: 'relative', zone: 'local' };
const listeners = new Set<() => void>();
let current = read();

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

/** Shows the page as the user chose; before the first paint, and after each change. */
export function applyPreferences(): void {
  const { dataset } = document.documentElement;
  if (current.theme === 'system') delete dataset['theme'];
  else dataset['theme'] = current.theme;
  dataset['density'] = current.density;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  localStorage.setItem(KEY, JSON.stringify(current));
  applyPreferences();
  for (const listener of listeners) listener();
}

/** How this user wants to see things; kept in this browser. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
