// npm run bench: builds what is measured, then measures it, as one process: no shell in between outlives a kill.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const nx = fileURLToPath(new URL('../node_modules/.bin/nx', import.meta.url));
const build = spawnSync(process.execPath, [nx, 'run', 'bench:build', '--output-style=static'], {
  cwd: root,
  stdio: 'inherit',
});
if (build.status !== 0) process.exit(build.status ?? 1);
await import('./dist/main.js');
