import { join } from 'node:path';
import { tellReady } from '@lovage/processes';
import { parseSettings, withEnvFile } from '@lovage/settings';
import { Launcher } from './launcher.ts';
import { TerminalOutput } from './output.ts';
import { runToExit } from './run.ts';

/**
 * Runs the platform of the checkout `root` until it is asked to end. `build`: the directory of its kept build, which the
 * apps are run from. Default: from their sources.
 */
export async function launch(root: string, build?: string): Promise<never> {
  const workerFlags = process.argv.slice(2);
  const output = new TerminalOutput();
  return runToExit(() => {
    const env = withEnvFile(process.env, join(root, '.env'));
    const settings = parseSettings({ DATA_DIR: join(root, '.lovage'), ...env }, workerFlags, { for: 'launcher' });
    const launcher = new Launcher({ root, build, env, settings, output, workerFlags });
    launcher.ready.on(tellReady);
    return launcher;
  }, output);
}
