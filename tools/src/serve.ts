// npx nx serve gateway|worker|beat: one app, started again at each edit.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, parseSettings, withEnvFile } from '@lovage/settings';
import { ExitError } from './launcher/exit-error.ts';
import { TerminalOutput } from './launcher/output.ts';
import { runToExit } from './launcher/run.ts';
import { Serve } from './serve/serve.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [app, ...workerFlags] = process.argv.slice(2);
const output = new TerminalOutput();
await runToExit(() => {
  if (app !== 'gateway' && app !== 'worker' && app !== 'beat')
    throw new ExitError(
      ExitCode.badSetting,
      `name the app to serve: gateway, worker or beat (not ${app ?? 'nothing'})`,
    );
  const env = withEnvFile(process.env, join(root, '.env'));
  const settings = parseSettings({ DATA_DIR: join(root, '.lovage'), ...env }, workerFlags, { for: 'launcher' });
  return new Serve({ app, root, env, settings, output, workerFlags });
}, output);
