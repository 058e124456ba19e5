import { toError } from '@lovage/foundation';
import { whenParentEnds } from '@lovage/processes';
import { ExitCode, exitCodeOf } from '@lovage/settings';
import { ExitError } from './exit-error.ts';
import type { LauncherOutput } from './output.ts';
import { listenForStop } from './stop-signals.ts';

export interface Runnable {
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): void;
}

/**
 * Starts it, runs it until a signal asks for the end, stops it, and ends the process: with 0 as asked, else with the
 * code that fits the error, and one message.
 */
export async function runToExit(make: () => Runnable, output: LauncherOutput): Promise<never> {
  let thing: Runnable | undefined;
  let code: number = ExitCode.ok;
  let stopped: () => void;
  const asked = new Promise<void>((resolve) => (stopped = resolve));
  const stop = (): void => {
    output.say('stopping (again: at once) …');
    stopped();
  };
  listenForStop({ onFirst: stop, onSecond: () => thing?.kill() });
  // npm and nx end at a signal without handing it on, and cannot when they are killed.
  if (process.env['npm_lifecycle_event'] !== undefined) whenParentEnds(stop);
  try {
    thing = make();
    await Promise.race([thing.start().then(() => asked), asked]);
  } catch (error) {
    code = error instanceof ExitError ? error.exitCode : exitCodeOf(error);
    output.say(`lovage: ${toError(error).message}`);
    if (code === ExitCode.other && !(error instanceof Error && 'code' in error)) output.say(toError(error).stack ?? '');
  }
  await thing?.stop().catch((error: unknown) => {
    code ||= ExitCode.other;
    output.say(`lovage: ${toError(error).message}`);
  });
  process.exit(code);
}
