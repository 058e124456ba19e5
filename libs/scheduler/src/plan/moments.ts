import { nextMoment, type Timing } from '@lovage/task';

/** The moments after one time and before another, in order; at most `limit`, the earliest. */
export function momentsBetween(timing: Timing, after: number, before: number, limit = Infinity): number[] {
  const moments: number[] = [];
  let at = nextMoment(timing, after);
  while (at !== undefined && at < before && moments.length < limit) {
    moments.push(at);
    at = nextMoment(timing, at);
  }
  return moments;
}

/** The newest `count` moments after one time and before another, in order. */
export function newestMoments(timing: Timing, after: number, before: number, count: number): number[] {
  if (count === 0) return [];
  const from = (since: number) => momentsBetween(timing, since, before, count);
  // Only looking ahead is sure to find the same moments as everybody else, so the place to look from is searched for,
  // never reading more than `count` at a time: a year of a pattern of seconds has 30 million.
  let near = before;
  let far = before - count * 1000;
  while (far > after && from(far).length < count) {
    near = far;
    far = before - (before - far) * 2;
  }
  if (far <= after) {
    far = after;
    const all = from(far);
    if (all.length < count) return all;
  }
  while (near - far > 1) {
    const middle = Math.floor((near + far) / 2);
    if (from(middle).length < count) near = middle;
    else far = middle;
  }
  return from(far);
}

/** The next `count` moments after a time. For people. */
export function nextMoments(timing: Timing, after: number, count: number): number[] {
  return momentsBetween(timing, after, Infinity, count);
}
