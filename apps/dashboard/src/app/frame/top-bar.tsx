import { useMatches, useNavigate } from '@tanstack/react-router';
import { CircleHelp, CircleUserRound, Clock, Contrast, LogOut, Search } from 'lucide-react';
import { useLiveStatus } from '../../api/live/use-live.ts';
import { session } from '../../api/session.ts';
import { useUser } from '../../api/use-session.ts';
import { FollowBadge } from '../../parts/follow-badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Menu, MenuItem, MenuLine, MenuText } from '../../ui/menu.tsx';
import { DensityChoice, PreferenceChoice } from '../preference-choice.tsx';
import { localZone, usePreferences } from '../preferences.ts';
import { PLACES } from './places.ts';
import styles from './top-bar.module.css';

/** Where one is, search, time zone, whether the page is live, theme, me. */
export function TopBar({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  const path = useMatches({ select: (matches) => matches.at(-1)?.pathname ?? '' });
  const place = PLACES.find(({ to }) => path === to || path.startsWith(`${to}/`));
  return (
    <header className={styles['bar']}>
      <span className={styles['where']}>{place?.name ?? 'Lovage'}</span>
      <button type="button" className={styles['search']} onClick={onSearch}>
        <Search size={14} aria-hidden />
        <span className={styles['hint']}>Search or jump</span>
        <kbd className={styles['key']} aria-hidden>
          /
        </kbd>
      </button>
      <span className={styles['space']} />
      <Live />
      <Times />
      <Looks />
      <IconButton label="Keys" onClick={onHelp} className={styles['wide']}>
        <CircleHelp size={16} />
      </IconButton>
      <Me />
    </header>
  );
}

function Live() {
  return <FollowBadge status={useLiveStatus()} />;
}

function Times() {
  const { zone } = usePreferences();
  const zones = [
    { value: 'local', label: `Here (${localZone})` },
    { value: 'UTC', label: 'UTC' },
  ];
  if (zone !== 'local' && zone !== 'UTC') zones.push({ value: zone, label: zone });
  return (
    <Menu
      trigger={
        <Button kind="ghost" icon={<Clock size={16} />} aria-label="Times" title="Times" className={styles['wide']}>
          {zone === 'UTC' ? 'UTC' : null}
        </Button>
      }
    >
      <PreferenceChoice
        of="time"
        label="Show times"
        options={[
          { value: 'relative', label: 'Relative (3 min ago)' },
          { value: 'absolute', label: 'Absolute' },
        ]}
      />
      <MenuLine />
      <PreferenceChoice of="zone" label="Time zone" options={zones} />
    </Menu>
  );
}

function Looks() {
  return (
    <Menu
      trigger={
        <IconButton label="Look">
          <Contrast size={16} />
        </IconButton>
      }
    >
      <PreferenceChoice
        of="theme"
        label="Theme"
        options={[
          { value: 'system', label: 'As the system' },
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
        ]}
      />
      <MenuLine />
      <DensityChoice />
    </Menu>
  );
}

function Me() {
  const user = useUser();
  const navigate = useNavigate();
  const leave = (everywhere: boolean): void =>
    void session.signOut(everywhere).then(() => navigate({ to: '/sign-in', search: { back: undefined } }));
  return (
    <Menu
      trigger={
        <IconButton label="Me">
          <CircleUserRound size={18} />
        </IconButton>
      }
    >
      <MenuText>
        {user.name ?? user.email}
        <br />
        {user.name !== null && user.email} ({user.role})
      </MenuText>
      <MenuLine />
      <MenuItem icon={<LogOut size={16} />} onSelect={() => leave(false)}>
        Sign out here
      </MenuItem>
      <MenuItem icon={<LogOut size={16} />} danger onSelect={() => leave(true)}>
        Sign out everywhere
      </MenuItem>
    </Menu>
  );
}
