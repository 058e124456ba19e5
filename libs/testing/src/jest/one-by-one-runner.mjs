// Runs the spec files of all projects at the same time, but those of projects with `oneByOne` one after another, in a worker of
// their own: they start whole platforms and browsers, and measure, so two of them must not meet.
import jestRunner from 'jest-runner';

/** @type {typeof import('jest-runner').default} */
const TestRunner = /** @type {any} */ (jestRunner);

export default class OneByOneRunner extends TestRunner {
  /** @param {ConstructorParameters<typeof TestRunner>} args */
  constructor(...args) {
    super(...args);
    const [globalConfig, ...rest] = args;
    this.oneByOne = new TestRunner({ ...globalConfig, maxWorkers: 1 }, ...rest);
  }

  /**
   * @override
   * @type {InstanceType<typeof TestRunner>['on']}
   */
  on(event, listener) {
    const listeners = [super.on(event, listener), this.oneByOne.on(event, listener)];
    return () => {
      for (const remove of listeners) remove();
    };
  }

  /**
   * @override
   * @type {InstanceType<typeof TestRunner>['runTests']}
   */
  async runTests(tests, watcher, options) {
    if (options.serial) return super.runTests(tests, watcher, options);
    const isAlone = (/** @type {(typeof tests)[number]} */ { context: { config } }) =>
      config.testEnvironmentOptions['oneByOne'] === true;
    const alone = tests.filter(isAlone);
    const others = tests.filter((test) => !isAlone(test));
    await Promise.all([
      ...(alone.length > 0 ? [this.oneByOne.runTests(alone, watcher, options)] : []),
      ...(others.length > 0 ? [super.runTests(others, watcher, options)] : []),
    ]);
  }
}
