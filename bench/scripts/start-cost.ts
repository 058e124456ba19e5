// What `npm start` costs until its banner: CPU of the whole process tree (without PostgreSQL) and memory of each app.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/start-cost.ts <url of a database> [starts] [busy loops beside it]
// The first start is the one of a fresh clone when `.cache` was removed and the database is empty. Linux only.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { deferred } from '@lovage/foundation';

const url = process.argv[2];
if (url === undefined) throw new Error('give the URL of a database');
const starts = Number(process.argv[3] ?? 3);
/** They end with this process, however it ends. */
const BUSY = 'const parent = process.ppid; while (process.ppid === parent);';
for (let n = 0; n < Number(process.argv[4] ?? 0); n++)
  spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' }).unref();
const root = fileURLToPath(new URL('../..', import.meta.url));
/** Ticks of `/proc/<pid>/stat` in a second. */
const TICKS = 100;

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Its own and that of its children that have ended, s. */
  readonly cpu: number;
  readonly peakMb: number;
  readonly nowMb: number;
}

function look(pid: number): Seen | undefined {
  try {
    const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const stat = fields.join(') ').split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mb = (name: string): number =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
    return {
      pid,
      parent: Number(stat[1]),
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
      cpu: [11, 12, 13, 14].reduce((sum, at) => sum + Number(stat[at]), 0) / TICKS,
      peakMb: mb('VmHWM'),
      nowMb: mb('VmRSS'),
    };
  } catch {
    return undefined;
  }
}

function treeOf(top: number): Seen[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (look(Number(name)) ?? []) : []));
  const below = (pid: number): Seen[] =>
    all.filter((one) => one.parent === pid).flatMap((one) => [one, ...below(one.pid)]);
  return [...all.filter((one) => one.pid === top), ...below(top)];
}

const KINDS = ['gateway', 'worker', 'beat', 'start'];
function kindOf({ command }: Seen): string {
  return (
    KINDS.find((kind) => new RegExp(`apps/${kind}/|src/${kind}\\.|${kind}\\.ts`).test(command)) ?? 'npm and shells'
  );
}

for (let start = 1; start <= starts; start++) {
  const dataDir = mkdtempSync(join(tmpdir(), 'start-cost-'));
  const began = performance.now();
  const npm = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: url, DATA_DIR: dataDir, PORT: '0', BROKER_URL: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
    // Its signals reach it as those of a terminal do.
    detached: true,
  });
  const ended = once(npm, 'exit');
  const banner = deferred();
  createInterface({ input: npm.stdout }).on('line', (line) => {
    if (process.env['VERBOSE'] !== undefined) console.log(line);
    if (line.includes('Lovage is ready')) banner.resolve();
  });
  await Promise.race([banner.promise, ended.then(() => Promise.reject(new Error('it ended before its banner')))]);
  const wallMs = performance.now() - began;
  const sums = new Map<string, { cpu: number; peakMb: number; nowMb: number }>();
  for (const one of treeOf(npm.pid!)) {
    const sum = sums.get(kindOf(one)) ?? { cpu: 0, peakMb: 0, nowMb: 0 };
    sums.set(kindOf(one), {
      cpu: sum.cpu + one.cpu,
      peakMb: Math.max(sum.peakMb, one.peakMb),
      nowMb: Math.max(sum.nowMb, one.nowMb),
    });
  }
  const total = [...sums.values()].reduce((sum, one) => sum + one.cpu, 0);
  const parts = [...sums].map(
    ([kind, { cpu, peakMb, nowMb }]) => `${kind} ${cpu.toFixed(2)} s, ${nowMb} MB (peak ${peakMb})`,
  );
  console.log(`start ${start}: ${(wallMs / 1000).toFixed(1)} s, CPU ${total.toFixed(2)} s: ${parts.join(' · ')}`);
  process.kill(-npm.pid!, 'SIGINT');
  await ended;
  rmSync(dataDir, { recursive: true, force: true });
}
