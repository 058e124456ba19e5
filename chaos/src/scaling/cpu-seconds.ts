import { readFileSync } from 'node:fs';

/** Clock ticks of Linux's `/proc`, a second. */
const TICKS = 100;

/** CPU that a process has used, s; 0 where it cannot be told. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return 0;
  }
}
