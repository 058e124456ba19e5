import { Outlet, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useLost } from '../../api/live/use-live.ts';
import { useMay, useSession } from '../../api/use-session.ts';
import { taskIdIn } from '../task-id.ts';
import { useShortcut, useShortcutKeys } from '../shortcuts.ts';
import styles from './frame.module.css';
import { Help } from './help.tsx';
import { LostNotice } from './lost-notice.tsx';
import { BottomBar, SideBar } from './navigation.tsx';
import { Palette } from './palette.tsx';
import { PLACES, type NavigationPlace } from './places.ts';
import { TopBar } from './top-bar.tsx';

/** Navigation, top bar and the screen; the keys that work everywhere. */
export function Frame() {
  const session = useSession();
  return session.status === 'in' ? <SignedIn /> : null;
}

function SignedIn() {
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const router = useRouter();
  const lost = useLost();
  useShortcutKeys();
  useShortcut('?', 'Show the keys', () => setHelp(true));
  useShortcut('/', 'Search or jump', () => setPalette(true));
  useShortcut('ctrl+k', 'Search or jump', () => setPalette(true));

  // A task id pasted anywhere but into a field finds its task.
  useEffect(() => {
    const onPaste = (event: ClipboardEvent): void => {
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea, [contenteditable]')) return;
      const id = taskIdIn(event.clipboardData?.getData('text') ?? '');
      if (id !== undefined) void navigate({ to: '/tasks/$id', params: { id } });
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  }, [navigate]);

  return (
    <div className={styles['frame']}>
      <a className={styles['skip']} href="#content">
        Skip to the content
      </a>
      {PLACES.map((place) => (
        <PlaceKey key={place.to} place={place} go={() => void router.navigate({ to: place.to })} />
      ))}
      <SideBar />
      <div className={styles['main']}>
        <TopBar onSearch={() => setPalette(true)} onHelp={() => setHelp(true)} />
        <main
          id="content"
          className={styles['content']}
          tabIndex={-1}
          data-scroll-restoration-id="content"
          data-stale={lost ? '' : undefined}
        >
          <Outlet />
        </main>
        {lost && <LostNotice lost={lost} />}
      </div>
      <BottomBar />
      <Palette open={palette} onClose={() => setPalette(false)} />
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

function PlaceKey({ place, go }: { place: NavigationPlace; go: () => void }) {
  useShortcut(`g ${place.key}`, `Go to ${place.name.toLowerCase()}`, go, useMay(place.role));
  return null;
}
