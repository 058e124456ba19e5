// The launcher as `npm start` runs it, with stand-ins for the apps.
import { fileURLToPath } from 'node:url';
import { parseSettings } from '@lovage/settings';
import { Launcher } from '../launcher/launcher.ts';
import { appSpec } from '../launcher/apps.ts';
import { TerminalOutput } from '../launcher/output.ts';
import { runToExit } from '../launcher/run.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const standIn = fileURLToPath(new URL('stand-in.mjs', import.meta.url));
const workerFlags = process.argv.slice(2);
const output = new TerminalOutput();
await runToExit(
  () =>
    new Launcher({
      root,
      env: process.env,
      settings: parseSettings(process.env, workerFlags, { for: 'launcher' }),
      output,
      workerFlags,
      makeDashboard: async () => undefined,
      specOf: (name, setup) => ({
        ...appSpec(name, setup),
        args: [standIn, name, ...(name === 'worker' ? setup.workerFlags : [])],
      }),
    }),
  output,
);
