import { startProcess } from '@lovage/testing/start-process';
import { cpuTimes, foreignCores, treeMemoryMb, type CpuTimes } from './cpu.ts';

const times = (atMs: number, busy: number, ours: Record<number, number>): CpuTimes => ({
  atMs,
  busy,
  ours: new Map(Object.entries(ours).map(([pid, seconds]) => [Number(pid), seconds])),
});

describe('what others took', () => {
  test.each([
    ['all was ours', times(0, 10, { 1: 5 }), times(2000, 12, { 1: 7 }), 0],
    ['nothing was ours', times(0, 10, { 1: 5 }), times(2000, 12, { 1: 5 }), 1],
    ['a process of ours came up meanwhile', times(0, 10, { 1: 5 }), times(1000, 12, { 1: 5, 2: 1.5 }), 0.5],
    ['one of ours went, its time is its parent’s', times(0, 10, { 1: 5, 2: 0 }), times(1000, 11, { 1: 5.75 }), 0.25],
    ['ticks were rounded in our favour', times(0, 10, { 1: 5 }), times(1000, 10.9, { 1: 6 }), 0],
    ['no time has passed', times(5, 10, {}), times(5, 10, {}), 0],
  ])('%s', (_name, before, after, cores) => {
    expect(foreignCores(before, after)).toBeCloseTo(cores);
  });

  test('this process and its children count as ours', async () => {
    const before = cpuTimes('no such database');
    expect(before.ours.has(process.pid)).toBe(true);
    await using child = await startProcess(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
      ready: 'up',
    });
    const after = cpuTimes('no such database');
    expect(after.ours.has(child.pid)).toBe(true);
    expect(after.ours.has(1)).toBe(process.pid === 1);
    expect(treeMemoryMb(child.pid)).toBeGreaterThan(10);
    expect(treeMemoryMb(process.pid)).toBeGreaterThan(treeMemoryMb(child.pid));
    child.signal('SIGTERM');
    await child.exit;
  });
});

test('a process that is gone has no memory', async () => {
  const child = await startProcess(process.execPath, ['-e', '']);
  const { pid } = child;
  await child.exit;
  expect(treeMemoryMb(pid)).toBe(0);
});
