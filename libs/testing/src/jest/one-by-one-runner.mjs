// Runs the spec files of all projects at the same time, but those that the `oneByOne` of their project fits one after another, in a
// worker of their own: they start whole platforms and browsers, and measure, so two of them must not meet.
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
    const isAlone = (/** @type {(typeof tests)[number]} */ { path, context: { config } }) => {
      const fits = config.testEnvironmentOptions['oneByOne'];
      return typeof fits === 'string' && new RegExp(fits).test(path.replaceAll('\\', '/'));
    };
    const alone = tests.filter(isAlone);
    const others = tests.filter((test) => !isAlone(test));
    await Promise.all([
      ...(alone.length > 0 ? [this.oneByOne.runTests(alone, watcher, options)] : []),
      ...(others.length > 0 ? [super.runTests(others, watcher, options)] : []),
    ]);
  }
}
