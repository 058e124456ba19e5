// `nx serve` with a stand-in for the app: arguments are the app's script and the directory to watch.
import { fileURLToPath } from 'node:url';
import { parseSettings } from '@lovage/settings';
import { appSpec } from '../launcher/apps.ts';
import { TerminalOutput } from '../launcher/output.ts';
import { runToExit } from '../launcher/run.ts';
import { Serve } from '../serve/serve.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const [script, watched] = process.argv.slice(2);
const output = new TerminalOutput();
await runToExit(
  () =>
    new Serve({
      app: 'worker',
      root,
      env: process.env,
      settings: parseSettings(process.env, [], { for: 'launcher' }),
      output,
      watch: [watched!],
      specOf: (name, setup) => ({ ...appSpec(name, setup), args: [script!, name] }),
    }),
  output,
);
