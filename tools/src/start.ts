// npm start: the whole platform with one command.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSettings, withEnvFile } from '@lovage/settings';
import { Launcher } from './launcher/launcher.ts';
import { TerminalOutput } from './launcher/output.ts';
import { runToExit } from './launcher/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const workerFlags = process.argv.slice(2);
const output = new TerminalOutput();
await runToExit(() => {
  const env = withEnvFile(process.env, join(root, '.env'));
  const settings = parseSettings({ DATA_DIR: join(root, '.lovage'), ...env }, workerFlags, {
    for: 'launcher',
  });
  return new Launcher({ root, env, settings, output, workerFlags });
}, output);
