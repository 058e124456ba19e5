import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

export interface Shortcut {
  /** `g t`: one key after another; `ctrl+k` (also Cmd); `?`. */
  readonly keys: string;
  /** What it does, for the help: "Go to tasks". */
  readonly label: string;
  readonly run: () => void;
}

/** Longest time between two keys of a sequence, ms. */
const SEQUENCE_MS = 1_200;

const shortcuts = new Set<Shortcut>();
const listeners = new Set<() => void>();
let list: readonly Shortcut[] = [];
let before: { readonly key: string; readonly at: number } | undefined;

function changed(): void {
  list = [...shortcuts];
  for (const listener of listeners) listener();
}

/** What is typed belongs to a field, not to us. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** A dialog or menu has the keys for itself; a toast, which is a dialog that is not modal, has not. */
function isCovered(): boolean {
  return (
    document.querySelector('[role="dialog"]:not([aria-modal="false"]), [role="menu"], [role="alertdialog"]') !== null
  );
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return;
  const control = event.ctrlKey || event.metaKey;
  const key = `${control ? 'ctrl+' : ''}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
  if (!control && isTyping(event.target)) return;
  if (isCovered()) return;
  const sequence = before && event.timeStamp - before.at < SEQUENCE_MS ? `${before.key} ${key}` : undefined;
  // The one that was added last is the nearest: a screen's before the frame's.
  const find = (keys: string): Shortcut | undefined => list.findLast((one) => one.keys === keys);
  const found = (sequence && find(sequence)) ?? find(key);
  before = found ? undefined : { key, at: event.timeStamp };
  if (!found) return;
  event.preventDefault();
  found.run();
}

/** Listens to the keys of the page; once, by the frame. */
export function useShortcutKeys(): void {
  useEffect(() => {
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}

/** A shortcut for as long as the component is there and `enabled`. */
export function useShortcut(keys: string, label: string, run: () => void, enabled = true): void {
  const act = useEffectEvent(run);
  useEffect(() => {
    if (!enabled) return;
    const shortcut = { keys, label, run: () => act() };
    shortcuts.add(shortcut);
    changed();
    return () => {
      shortcuts.delete(shortcut);
      changed();
    };
  }, [keys, label, enabled]);
}

/** All that work at the moment, for the help. */
export function useShortcutList(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => list,
  );
}
