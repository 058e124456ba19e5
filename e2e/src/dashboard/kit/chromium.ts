import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian and others put it. First without the browser's own windows, which nobody sees: a third of the CPU. */
const PLACES = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that is measured is not to be slowed down for being behind another one.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];

/** The browser of this machine: `CHROMIUM`, or one that is installed; undefined: there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env['CHROMIUM'];
  return named ? named : PLACES.find((path) => existsSync(path));
}

/** Starts it with a profile of its own. @throws Error when there is none. */
export function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('there is no Chromium; install it, or name it by CHROMIUM');
  return chromium.launch({ executablePath, args: FLAGS });
}
