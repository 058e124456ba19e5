import { toError } from '@lovage/foundation';
import { tellReady, tellStage } from '@lovage/processes';
import type { EscapedKind } from '@lovage/ports';

/** A process's work, running. */
export interface RunningApp {
  /** Finishes what is under way and closes everything. */
  stop(): Promise<void>;
  /**
   * Gets what nobody caught, in the async context of the error. Then a `rejection` ends nothing; after an `exception` the process is
   * stopped in order and ends with {@link RunAppOptions.escapedExitCode}. Left out: either ends the process at once, as Node.js does.
   */
  escaped?(kind: EscapedKind, thrown: unknown): void;
  /** For that stop, ms: what has not come to its end by then is left. Default 30 000. */
  readonly escapedStopMs?: number;
}

export interface RunAppOptions {
  /** In what is said on stderr when it ends badly. */
  readonly name: string;
  /** Opens everything; resolves when it serves. */
  start(): Promise<RunningApp>;
  /** Exit code for what ended it: `exitCodeOf` of libs/settings. */
  exitCodeOf(error: unknown): number;
  /** After an error that nobody caught. Default 1. */
  readonly escapedExitCode?: number;
}

const STOP_MS = 30_000;

/**
 * Runs an app until it is told to stop: by SIGTERM, SIGINT, or the end of the process that started it with an IPC channel. Tells that
 * one `ready` once it serves. A second signal ends the process at once.
 * Resolves with the exit code; an error is told in one line where the reader can mend it, else with its stack.
 */
export async function runApp({ name, start, exitCodeOf, escapedExitCode = 1 }: RunAppOptions): Promise<number> {
  const asked = stopAsked();
  try {
    tellStage('connecting to its servers');
    // Before it serves there is nothing to finish, so a stop need not wait for a server to be found.
    const app = await Promise.race([start(), asked]);
    if (app === 'stop') return 0;
    const escaped = exceptionOf(app);
    tellReady();
    const reason = await Promise.race([asked, escaped]);
    if (reason === 'stop') {
      await app.stop();
      return 0;
    }
    // What the error has broken may be what the stop waits for.
    const late = setTimeout(() => process.exit(escapedExitCode), app.escapedStopMs ?? STOP_MS);
    await app.stop();
    clearTimeout(late);
    return escapedExitCode;
  } catch (error) {
    const code = exitCodeOf(error);
    const { message, stack } = toError(error);
    const known = typeof (error as { code?: unknown }).code === 'string';
    process.stderr.write(`lovage ${name}: ${known ? message : stack}\n`);
    return code;
  }
}

/** Resolves at the first error that was thrown and not caught. */
function exceptionOf(app: RunningApp): Promise<'escaped'> {
  return new Promise((resolve) => {
    if (!app.escaped) return;
    process.on('unhandledRejection', (thrown) => app.escaped!('rejection', thrown));
    process.on('uncaughtException', (thrown) => {
      app.escaped!('exception', thrown);
      resolve('escaped');
    });
  });
}

function stopAsked(): Promise<'stop'> {
  return new Promise((resolve) => {
    let count = 0;
    const onSignal = () => {
      count += 1;
      if (count > 1) process.exit(1);
      resolve('stop');
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    process.once('disconnect', () => resolve('stop'));
  });
}
