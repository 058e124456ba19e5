import { toError } from '@lovage/foundation';
import { tellReady, tellStage } from '@lovage/processes';

/** A process's work, running. */
export interface RunningApp {
  /** Finishes what is under way and lets go of everything. */
  stop(): Promise<void>;
}

export interface RunAppOptions {
  /** In what is said on stderr when it ends badly. */
  readonly name: string;
  /** Opens everything; resolves when it serves. */
  start(): Promise<RunningApp>;
  /** Exit code for what ended it: `exitCodeOf` of libs/settings. */
  exitCodeOf(error: unknown): number;
}

/**
 * Runs an app until it is told to stop: by SIGTERM, SIGINT, or the end of whoever started it with an IPC channel. Tells that
 * one `ready` once it serves. A second signal ends the process at once.
 * Resolves with the exit code; an error is told in one line where the reader can mend it, else with its stack.
 */
export async function runApp({ name, start, exitCodeOf }: RunAppOptions): Promise<number> {
  const asked = stopAsked();
  try {
    tellStage('connecting to its servers');
    // Before it serves there is nothing to finish, so whoever calls it off need not wait for a server to be found.
    const app = await Promise.race([start(), asked]);
    if (app === 'stop') return 0;
    tellReady();
    await asked;
    await app.stop();
    return 0;
  } catch (error) {
    const code = exitCodeOf(error);
    const { message, stack } = toError(error);
    const known = typeof (error as { code?: unknown }).code === 'string';
    process.stderr.write(`lovage ${name}: ${known ? message : stack}\n`);
    return code;
  }
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
