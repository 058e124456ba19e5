import { useLayoutEffect, useState, type RefObject } from 'react';

/** Whether an element is narrower than `px`: what it shows depends on its own width, not on the window's. */
export function useNarrow(ref: RefObject<HTMLElement | null>, px: number): boolean {
  const [narrow, setNarrow] = useState(() => window.innerWidth < px);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const look = (): void => setNarrow(element.clientWidth < px);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  });
  return narrow;
}
