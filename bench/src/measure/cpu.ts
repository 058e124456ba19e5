import { readdirSync, readFileSync } from 'node:fs';

/** `/proc` counts in these. */
const TICKS_PER_SECOND = 100;

/** Servers that work for us. What they do for others meanwhile cannot be told apart, but for PostgreSQL's backends. */
const SERVERS = /beam\.smp|redis-server|^postgres: .*(checkpointer|writer|autovacuum)/;

/** CPU seconds that the machine has spent, and those of them that this run is answerable for. */
export interface CpuTimes {
  readonly atMs: number;
  readonly busy: number;
  /** By pid; a process that ends hands its time on to the parent that waits for it. */
  readonly ours: ReadonlyMap<number, number>;
}

/** @param database whose backends count as ours. */
export function cpuTimes(database: string): CpuTimes {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]!
    .split(/\s+/)
    .map(Number);
  const processes = readProcesses();
  const ours = new Map<number, number>();
  for (const one of processes.values())
    if (isBelow(one, process.pid, processes) || SERVERS.test(one.command) || one.command.includes(database))
      ours.set(one.pid, one.seconds);
  return { atMs: performance.now(), busy: (user! + nice! + system! + irq! + softirq!) / TICKS_PER_SECOND, ours };
}

/** Cores that others' work took between two moments: 0 on a quiet machine. */
export function foreignCores(before: CpuTimes, after: CpuTimes): number {
  const seconds = (after.atMs - before.atMs) / 1000;
  if (seconds <= 0) return 0;
  let ours = 0;
  for (const [pid, spent] of after.ours) ours += Math.max(0, spent - (before.ours.get(pid) ?? 0));
  return Math.max(0, (after.busy - before.busy - ours) / seconds);
}

/** CPU seconds of a process and all below it. */
export function treeSeconds(root: number): number {
  const processes = readProcesses();
  let sum = 0;
  for (const one of processes.values()) if (isBelow(one, root, processes)) sum += one.seconds;
  return sum;
}

/** Resident memory of a process and all below it, MB. */
export function treeMemoryMb(root: number): number {
  const processes = readProcesses();
  let kb = 0;
  for (const one of processes.values()) {
    if (!isBelow(one, root, processes)) continue;
    try {
      kb += Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${one.pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return kb / 1024;
}

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Its own and those of children that ended. */
  readonly seconds: number;
}

function readProcesses(): Map<number, ProcessTimes> {
  const found = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The name before it, in parentheses, may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const pid = Number(name);
      found.set(pid, { pid, parent: Number(fields[1]), command, seconds: ticks / TICKS_PER_SECOND });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

function isBelow(one: ProcessTimes, root: number, all: ReadonlyMap<number, ProcessTimes>): boolean {
  for (let at: ProcessTimes | undefined = one; at; at = all.get(at.parent)) if (at.pid === root) return true;
  return false;
}
