import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const script = `
  import { EmbeddedPostgres } from '@lovage/embedded-postgres';
  process.on('SIGINT', () => undefined);
  try {
    const { url } = await new EmbeddedPostgres({ dataDir: process.argv[1], settings: { fsync: 'off' } }).start();
    console.log(url);
  } catch (error) { console.log(error.code); }
  setInterval(() => undefined, 1000);`;

/** A process that runs a server on `dataDir`, and what it said first: the URL, or the code of its error. For this lib's specs. */
export async function runElsewhere(
  dataDir: string,
  user: { uid?: number; gid?: number } = {},
): Promise<{ said: string; pid: number; kill(): Promise<void> }> {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--conditions=@lovage/source',
      '--import',
      './tools/ts-hooks.mjs',
      '--input-type=module',
      '--eval',
      script,
      dataDir,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true, ...user },
  );
  const exited = once(child, 'exit');
  const [said] = (await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), exited])) as [unknown];
  return {
    said: String(said),
    pid: child.pid!,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
