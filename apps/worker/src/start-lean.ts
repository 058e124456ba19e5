import { setFlagsFromString } from 'node:v8';

/**
 * Keeps out of memory what only a start would bring in, and a worker that is idle would hold for ever: some 25 of 136 MB.
 * Call it before anything else is loaded, and what it returns when the start is done.
 *
 * - V8 doubles the space for new objects whenever many survive, as everything does while modules load, and never frees it
 *   in an idle process. So it does not grow until the start is done; then load may make it grow as ever.
 * - `pg` asks whether it runs at Cloudflare, and on Node.js 20, which has no `navigator`, does it by making a `Response`:
 *   that loads the whole of `fetch`. It gets the `navigator` that Node.js 21 and later have.
 */
export function startLean(): () => void {
  setFlagsFromString('--semi-space-growth-factor=1');
  const borrowed = !('navigator' in globalThis);
  if (borrowed)
    Object.defineProperty(globalThis, 'navigator', {
      value: { userAgent: `Node.js/${process.versions.node.split('.')[0]}` },
      configurable: true,
    });
  return () => {
    setFlagsFromString('--semi-space-growth-factor=2');
    if (borrowed) Reflect.deleteProperty(globalThis, 'navigator');
  };
}
