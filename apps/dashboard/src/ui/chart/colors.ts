import { useSyncExternalStore } from 'react';

/** Colours as a canvas needs them: `var()`, `light-dark()` and `color-mix()` worked out for the theme of now. */
export function resolveColors(colors: readonly string[]): string[] {
  const probe = document.createElement('span');
  document.body.append(probe);
  try {
    return colors.map((color) => {
      probe.style.color = color;
      return getComputedStyle(probe).color;
    });
  } finally {
    probe.remove();
  }
}

const scheme = matchMedia('(prefers-color-scheme: dark)');

function subscribe(listener: () => void): () => void {
  scheme.addEventListener('change', listener);
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    scheme.removeEventListener('change', listener);
    observer.disconnect();
  };
}

/** The theme that is shown; another value means that colours have changed. */
export function useShownTheme(): 'light' | 'dark' {
  return useSyncExternalStore(subscribe, () => {
    const chosen = document.documentElement.dataset['theme'];
    if (chosen === 'light' || chosen === 'dark') return chosen;
    return scheme.matches ? 'dark' : 'light';
  });
}
