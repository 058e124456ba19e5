import { CSPProvider } from '@base-ui/react/csp-provider';
import { useMemo, type ReactNode } from 'react';
import { TooltipProvider } from '../ui/popover.tsx';
import { TimePreferencesContext } from '../ui/time/time-preferences.ts';
import { ToastProvider } from '../ui/toast.tsx';
import { localZone, usePreferences } from './preferences.ts';

/** What all parts of the page rely on. */
export function Providers({ children }: { children: ReactNode }) {
  const { time, zone } = usePreferences();
  const times = useMemo(() => ({ mode: time, zone: zone === 'local' ? localZone : zone }), [time, zone]);
  return (
    // The content security policy takes no style but those of our files.
    <CSPProvider disableStyleElements>
      <TimePreferencesContext value={times}>
        <TooltipProvider delay={400}>
          <ToastProvider>{children}</ToastProvider>
        </TooltipProvider>
      </TimePreferencesContext>
    </CSPProvider>
  );
}
