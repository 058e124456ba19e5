import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import type { Scenario } from '../run/scenario.ts';

const WRONG_BY_SECONDS = 60;
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (arch) => `/usr/lib/${arch}/faketime/libfaketimeMT.so.1`,
);

/** Variables with which a process believes that it is so many seconds later: by libfaketime where it is, else inside Node. */
export function clockOff(seconds: number): Readonly<Record<string, string>> {
  const library = LIBRARIES.find((file) => existsSync(file));
  if (library !== undefined)
    return { LD_PRELOAD: library, FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}s`, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const hook = pathToFileURL(join(ROOT, 'chaos/src/preload/clock-off.mjs')).href;
  return { NODE_OPTIONS: `--import=${hook}`, LOVAGE_CHAOS_CLOCK_OFF_MS: String(seconds * 1000) };
}

/**
 * Workers a minute early and a minute late, a beat too. Expiries shorter than a minute and short delays show whose clock
 * decides.
 */
export const clocksOff: Scenario = {
  name: 'clocks-off',
  summary: `clocks of workers and beats off by ${WRONG_BY_SECONDS} s, both ways; tasks with delays and expiries`,
  seconds: 30,
  atLeastSeconds: 8,
  workers: 3,
  env(kind, no) {
    if (kind === 'gateway' || no === 2) return {};
    return clockOff(no === 0 ? WRONG_BY_SECONDS : -WRONG_BY_SECONDS);
  },
  task(n, usual) {
    if (n % 4 === 0) return { ...usual, options: { ...usual.options, expires: `${WRONG_BY_SECONDS - 10}s` } };
    if (n % 4 === 1) return { ...usual, options: { ...usual.options, delay: '1s' } };
    return usual;
  },
  async disturb(stage) {
    stage.returned('nothing: clocks are off all the time');
    await stage.load.reached(0.9);
  },
  proof: (_seen, stage) => `two workers and both beats off by ${WRONG_BY_SECONDS} s${stage ? '' : ''}`,
};
