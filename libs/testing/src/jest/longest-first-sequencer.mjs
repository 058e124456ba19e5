// Jest begins with the spec files that took longest last time and, in a fresh clone, with the largest. Those that start whole platforms are
// small files that take long: in a fresh clone they come first, or the run ends with a few of them on one core.
import jestSequencer from '@jest/test-sequencer';

/** @type {typeof import('@jest/test-sequencer').default} */
const TestSequencer = /** @type {any} */ (jestSequencer).default ?? jestSequencer;
const PLATFORMS = /[\\/](?:e2e|chaos)[\\/]src[\\/]/;

export default class LongestFirstSequencer extends TestSequencer {
  /**
   * @override
   * @type {InstanceType<typeof TestSequencer>['sort']}
   */
  async sort(tests) {
    const sorted = await super.sort(tests);
    const first = sorted.filter(({ path, duration }) => duration === undefined && PLATFORMS.test(path));
    return [...first, ...sorted.filter((test) => !first.includes(test))];
  }
}
