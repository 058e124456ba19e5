import { useEffect, useState } from 'react';

/** Nothing was typed for so long, ms: time to ask whether it is right. */
const SETTLED_AFTER_MS = 200;

/** A value once it has stayed the same for a moment. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
