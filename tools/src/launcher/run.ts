import { toError } from '@lovage/foundation';
import { ExitCode, exitCodeOf } from '@lovage/settings';
import { ExitError } from './exit-error.ts';
import type { Output } from './output.ts';
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
export async function runToExit(make: () => Runnable, output: Output): Promise<never> {
  let thing: Runnable | undefined;
  let code: number = ExitCode.ok;
  let stopped: () => void;
  const asked = new Promise<void>((resolve) => (stopped = resolve));
  listenForStop({
    onFirst: () => {
      output.say('stopping (again: at once) …');
      stopped();
    },
    onSecond: () => thing?.kill(),
  });
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
