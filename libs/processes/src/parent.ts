const LOOK_MS = 500;

/**
 * Calls `onEnd` once when the process that started this one ends: npm, say, which is killed without a word to what it
 * runs. The operating system tells it by another parent's pid. Does not keep this process alive.
 * @returns what ends the watch.
 */
export function whenParentEnds(onEnd: () => void): () => void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
