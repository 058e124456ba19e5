// Where spec files run: in the process' own realm, not in one made for each of them. So packages can be loaded once for all files
// of a process (`shared-modules-runtime.mjs`), and `instanceof` and prototypes are as they are in production.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { LegacyFakeTimers, ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/** Where Jest keeps what holds for one file: who is told of its events, and what the file has set by `jest.…`. */
const OF_ONE_FILE = [
  ...['EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL', 'RETRY_TIMES', 'RETRY_IMMEDIATELY', 'WAIT_BEFORE_RETRY'],
  'LOG_ERRORS_BEFORE_RETRY',
].map((name) => Symbol.for(name));
/** What Jest itself uses, whatever a test puts in its place. */
const KEPT = {
  'jest-native-promise': Promise,
  'jest-native-now': Date.now.bind(Date),
  'jest-native-read-file': readFileSync,
  'jest-native-write-file': writeFileSync,
  'jest-native-exists-file': existsSync,
};
/** Longer than V8's ten, for those who read why a test failed. */
const STACK_LINES = 100;
/** What the processes of the platform listen to. */
const EVENTS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection', 'disconnect', 'message'];
/** @type {any} */
const realm = globalThis;

// A worker of Jest talks to it by `process.send`. What a test says there is for nobody, as ever.
const send = process.send?.bind(process);
if (send)
  process.send = (/** @type {any} */ message, /** @type {any[]} */ ...rest) =>
    Array.isArray(message) && Number.isInteger(message[0]) ? send(message, ...rest) : true;

/** Implements the type JestEnvironment of Jest. */
export default class OneRealmEnvironment {
  global = realm;
  moduleMocker = new ModuleMocker(realm);

  /** @param {import('@jest/environment').JestEnvironmentConfig} config */
  constructor({ projectConfig: config }) {
    this.conditions = /** @type {string[]} */ (config.testEnvironmentOptions['customExportConditions']);
    this.before = takeState();
    for (const [name, value] of Object.entries(KEPT)) realm[Symbol.for(name)] ??= value;
    for (const name of OF_ONE_FILE) delete realm[name];
    Error.stackTraceLimit = STACK_LINES;
    const { global, moduleMocker } = this;
    const timerConfig = { idToRef: (/** @type {any} */ id) => id, refToId: (/** @type {any} */ ref) => ref };
    this.fakeTimers = new LegacyFakeTimers({ config, global, moduleMocker, timerConfig });
    this.fakeTimersModern = new ModernFakeTimers({ config, global });
  }

  async setup() {}

  async teardown() {
    this.fakeTimers?.dispose();
    this.fakeTimersModern?.dispose();
    restore(this.before);
  }

  exportConditions() {
    return this.conditions;
  }

  /** Asked by Jest whether the environment is still there; nothing is evaluated in it but by the runtime, which knows better. */
  getVmContext() {
    return realm;
  }
}

/** What a spec file may change of the process, and the next one must find as it was. */
function takeState() {
  return {
    console: realm.console,
    exit: process.exit,
    cwd: process.cwd(),
    env: { ...process.env },
    listeners: new Map(EVENTS.map((event) => [event, listenersOf(event)])),
  };
}

/** @param {ReturnType<typeof takeState>} before */
function restore(before) {
  realm.console = before.console;
  process.exit = before.exit;
  if (process.cwd() !== before.cwd) process.chdir(before.cwd);
  for (const name of Object.keys(process.env)) if (!(name in before.env)) delete process.env[name];
  Object.assign(process.env, before.env);
  for (const [event, known] of before.listeners)
    for (const listener of listenersOf(event)) if (!known.includes(listener)) process.removeListener(event, listener);
}

/**
 * @param {string} event
 * @returns {((...args: any[]) => void)[]}
 */
function listenersOf(event) {
  return /** @type {any} */ (process.listeners(/** @type {any} */ (event)));
}
