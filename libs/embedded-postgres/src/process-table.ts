import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What stands behind a process id: `gone`; `zombie`, which is dead and only waits to be reaped; `postgres`; or `other`,
 * a stranger who was given the id later.
 */
export type ProcessKind = 'gone' | 'zombie' | 'postgres' | 'other';

export function processKind(pid: number): ProcessKind {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone';
  }
  const found = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  if (!found) return 'gone';
  if (found.state.startsWith('Z')) return 'zombie';
  return found.command.includes('postgres') ? 'postgres' : 'other';
}

/** Whether this is a running server of the cluster in this directory, and not another that was given the id later. */
export function isServerOf(pid: number, cluster: string): boolean {
  if (processKind(pid) !== 'postgres') return false;
  try {
    // A server works in its cluster's directory. Where that cannot be asked, its arguments name it.
    return process.platform === 'linux'
      ? readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster)
      : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(cluster);
  } catch {
    return false;
  }
}

/** Polls until the process is gone or a zombie: whose child it is, the kernel tells nobody else. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const kind = processKind(pid);
    if (kind === 'gone' || kind === 'zombie') return true;
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
}

function fromProc(pid: number): { state: string; command: string } | undefined {
  try {
    // pid (command) state …; the command may itself contain blanks and brackets
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const close = stat.lastIndexOf(')');
    return { command: stat.slice(stat.indexOf('(') + 1, close), state: stat.slice(close + 2, close + 3) };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): { state: string; command: string } | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,comm=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const blank = line.search(/\s/);
    return { state: line.slice(0, blank), command: line.slice(blank) };
  } catch {
    return undefined;
  }
}
