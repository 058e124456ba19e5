import { Link, useNavigate } from '@tanstack/react-router';
import { Ellipsis, PanelLeftClose, PanelLeftOpen } from 'lucide-react';
import { useState } from 'react';
import { includesRole } from '@lovage/http-api';
import { useUser } from '../../api/use-session.ts';
import { Badge } from '../../ui/badge.tsx';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { useAttention } from './attention.ts';
import styles from './navigation.module.css';
import { PHONE_PLACES, PLACES, type NavigationPlace } from './places.ts';

const NARROW = 'lovage.navigation';

function usePlaces(): readonly NavigationPlace[] {
  const { role } = useUser();
  return PLACES.filter((place) => includesRole(role, place.role));
}

/** The navigation at the left; 48 px of icons when it was made narrow. */
export function SideBar() {
  const [narrow, setNarrow] = useState(() => localStorage.getItem(NARROW) === 'narrow');
  const attention = useAttention();
  const toggle = (): void => {
    localStorage.setItem(NARROW, narrow ? 'wide' : 'narrow');
    setNarrow(!narrow);
  };
  return (
    <nav className={cx(styles['side'], narrow && styles['narrow'])} aria-label="Screens">
      <Link to="/overview" className={styles['brand']} aria-label="Lovage">
        <img src={new URL('../../icon.svg', import.meta.url).href} alt="" width={22} height={22} />
        {!narrow && <span>Lovage</span>}
      </Link>
      <ul className={styles['list']}>
        {usePlaces().map((place) => (
          <li key={place.to} className={cx(place.role === 'admin' && styles['last'])}>
            <PlaceLink place={place} badge={attention[place.to]} narrow={narrow} />
          </li>
        ))}
      </ul>
      <IconButton
        label={narrow ? 'Widen the navigation' : 'Narrow the navigation'}
        className={styles['toggle']}
        onClick={toggle}
      >
        {narrow ? <PanelLeftOpen size={16} /> : <PanelLeftClose size={16} />}
      </IconButton>
    </nav>
  );
}

function PlaceLink({ place, badge, narrow }: { place: NavigationPlace; badge: string | undefined; narrow: boolean }) {
  const Icon = place.icon;
  return (
    <Link
      to={place.to}
      className={styles['link']}
      activeProps={{ className: styles['active'] }}
      title={narrow ? place.name : undefined}
      aria-label={narrow ? place.name : undefined}
    >
      <Icon size={16} aria-hidden />
      {!narrow && <span className={styles['name']}>{place.name}</span>}
      {badge && (narrow ? <span className={styles['dot']} /> : <Badge tone="danger">{badge}</Badge>)}
    </Link>
  );
}

/** The same at the foot of a phone. */
export function BottomBar() {
  const places = usePlaces();
  const navigate = useNavigate();
  return (
    <nav className={styles['bottom']} aria-label="Screens">
      {places
        .filter((place) => PHONE_PLACES.includes(place.to))
        .map(({ to, name, icon: Icon }) => (
          <Link key={to} to={to} className={styles['tab']} activeProps={{ className: styles['active'] }}>
            <Icon size={18} aria-hidden />
            {name}
          </Link>
        ))}
      <Menu
        trigger={
          <button type="button" className={styles['tab']}>
            <Ellipsis size={18} aria-hidden />
            More
          </button>
        }
      >
        {places
          .filter((place) => !PHONE_PLACES.includes(place.to))
          .map(({ to, name, icon: Icon }) => (
            <MenuItem key={to} icon={<Icon size={16} />} onSelect={() => void navigate({ to })}>
              {name}
            </MenuItem>
          ))}
      </Menu>
    </nav>
  );
}
