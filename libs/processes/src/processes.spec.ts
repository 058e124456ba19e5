import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const root = join(import.meta.dirname, '../../..');
const hooks = pathToFileURL(join(root, 'tools/ts-hooks.mjs')).href;
const started: ChildProcess[] = [];

afterEach(() => {
  for (const one of started.splice(0)) one.kill('SIGKILL');
});

/** Runs a script, and resolves with the first line that it says. */
async function run(code: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(
    process.execPath,
    ['--conditions=@lovage/source', '--import', hooks, '--input-type=module', '--eval', code],
    { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  started.push(child);
  const [said] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, said };
}
const alive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
/** Whose child it is, the kernel tells nobody else, so it is asked again and again. The test's own time-out bounds it. */
async function goneAll(...pids: number[]): Promise<void> {
  while (pids.some(alive)) await pause(20);
}
const guarding = (spawned: string, options: string): string => `
  import { spawn } from 'node:child_process';
  import { once } from 'node:events';
  import { guardProcess } from '@lovage/processes';
  const child = spawn('sh', ['-c', ${JSON.stringify(spawned)}], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const [said] = await once(child.stdout, 'data');
  guardProcess(child.pid, ${options});
  console.log(child.pid + ' ' + String(said).trim());`;

test('a guarded group ends with the process that guards it, however that ends', async () => {
  const { child, said } = await run(guarding('sleep 600 & echo $!; wait', `{ signal: 'SIGTERM', group: true }`));
  const pids = said.split(' ').map(Number);
  expect(pids.map(alive)).toEqual([true, true]);
  child.kill('SIGKILL');
  await goneAll(...pids);
});

test('one that ignores the signal is killed after the patience', async () => {
  const { child, said } = await run(
    guarding(`trap '' TERM; echo ready; while :; do sleep 600; done`, `{ signal: 'SIGTERM', killAfterSeconds: 1 }`),
  );
  const pid = parseInt(said, 10);
  child.kill('SIGKILL');
  await goneAll(pid);
});

test('tells when the parent has ended', async () => {
  const watching = `
    import { whenParentEnds } from '@lovage/processes';
    whenParentEnds(() => process.exit());
    setInterval(() => undefined, 1000);
    console.log(process.pid);`;
  const args = ['--conditions=@lovage/source', '--import', hooks, '--input-type=module', '--eval', watching];
  const { child, said } = await run(`
    import { spawn } from 'node:child_process';
    spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ['ignore', 'inherit', 'inherit'] });`);
  expect(alive(Number(said))).toBe(true);
  child.kill('SIGKILL');
  await goneAll(Number(said));
});
