import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  // A hidden page shows no time.
  if (document.hidden) return;
  now = Date.now();
  for (const listener of listeners) listener();
}

/** The time in steps of `stepMs` (1 s at least): one timer for all that show a time, and no work for one that stays the same. */
export function useNow(stepMs = 1_000): number {
  return useSyncExternalStore(subscribe, () => {
    if (timer === undefined) now = Date.now();
    return Math.floor(now / stepMs) * stepMs;
  });
}

/** A text that depends on the time: drawn anew only when it is another one. */
export function useTimed(textAt: (now: number) => string): string {
  return useSyncExternalStore(subscribe, () => {
    if (timer === undefined) now = Date.now();
    return textAt(now);
  });
}
