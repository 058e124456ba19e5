import type { AttemptDocument, TaskDocument } from '@lovage/http-api';
import { ticksOf, timelineOf, totals } from './spans.ts';

const T0 = Date.UTC(2026, 10, 29, 12);
const at = (s: number): string => new Date(T0 + s * 1000).toISOString();
type Life = Parameters<typeof timelineOf>[0];
const task = (state: TaskDocument['state'], more: Partial<Life> = {}): Life => ({
  ...{ createdAt: at(0), eta: null, startedAt: null, finishedAt: null, state, worker: null, error: null },
  ...more,
});
const attempt = (outcome: AttemptDocument['outcome'], from: number, to: number | null): AttemptDocument => ({
  ...{ outcome, worker: 'w1', error: null, startedAt: at(from), endedAt: to === null ? null : at(to) },
});
const drawn = (life: Life, attempts: AttemptDocument[], now: number) =>
  timelineOf(life, attempts, T0 + now * 1000).tracks.map(({ no, stretches }) => [
    no,
    ...stretches.map(({ kind, from, to }) => [kind, (from - T0) / 1000, to === undefined ? '…' : (to - T0) / 1000]),
  ]);

test('a task that ended at its first attempt', () => {
  const life = task('SUCCESS', { startedAt: at(2), finishedAt: at(5) });
  expect(drawn(life, [attempt('SUCCESS', 2, 5)], 60)).toEqual([[1, ['waited', 0, 2], ['ran', 2, 5]]]);
  const line = timelineOf(life, [attempt('SUCCESS', 2, 5)], T0 + 60_000);
  expect([line.to - T0, line.goesOn, totals(line, T0 + 60_000)]).toEqual([
    5000,
    false,
    { delayed: 0, waited: 2000, ran: 3000 },
  ]);
});

test('one track for each attempt; the wait for a retry is delayed up to its time', () => {
  const earlier = [attempt('RETRY', 1, 2), attempt('CRASHED', 10, 11)];
  expect(drawn(task('RETRY', { eta: at(30) }), earlier, 20)).toEqual([
    [1, ['waited', 0, 1], ['ran', 1, 2]],
    [2, ['waited', 2, 10], ['ran', 10, 11]],
    [undefined, ['delayed', 11, 30]],
  ]);
  expect(drawn(task('STARTED', { eta: at(30) }), [...earlier, attempt('STARTED', 32, null)], 40).at(-1)).toEqual([
    ...[3, ['delayed', 11, 30], ['waited', 30, 32], ['ran', 32, '…']],
  ]);
});

test('what waits goes on; what was revoked while it waited has a track without a run', () => {
  expect(drawn(task('QUEUED'), [], 7)).toEqual([[undefined, ['waited', 0, '…']]]);
  expect(drawn(task('REVOKED', { finishedAt: at(4) }), [], 7)).toEqual([[undefined, ['waited', 0, 4]]]);
  expect(drawn(task('SCHEDULED', { eta: at(60) }), [], 7)).toEqual([[undefined, ['delayed', 0, 60]]]);
});

test('clocks that differ make no stretch of negative length', () => {
  expect(drawn(task('SUCCESS', { startedAt: at(-1), finishedAt: at(1) }), [attempt('SUCCESS', -1, 1)], 3)).toEqual([
    [1, ['ran', 0, 1]],
  ]);
});

test('of many attempts the latest are drawn', () => {
  const many = Array.from({ length: 50 }, (_, n) => attempt('RETRY', n * 2, n * 2 + 1));
  const { tracks, left } = timelineOf(task('RETRY'), many, T0 + 200_000);
  expect([tracks.length, left, tracks.at(-2)?.no]).toEqual([30, 21, 50]);
});

test('an axis has a few round places', () => {
  for (const length of [1, 7, 840, 12_345, 90_000, 3_600_000, 864_000_000, 1e11]) {
    const ticks = ticksOf(length);
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(ticks.at(-1)!).toBeLessThanOrEqual(length);
  }
  expect(ticksOf(12_345)).toEqual([0, 5_000, 10_000]);
});
