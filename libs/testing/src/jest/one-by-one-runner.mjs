// Runs the spec files of all projects at the same time, but those of a series one after another, in a worker of its own.
import jestRunner from 'jest-runner';

/** @type {typeof import('jest-runner').default} */
const TestRunner = /** @type {any} */ (jestRunner);

/** Which spec files must not meet. */
const SERIES = [
  // They start whole platforms and browsers, and measure. But those that mostly wait, for somebody's lease, and measure nothing.
  /\/e2e\/src\/(?!celery\/|gateway-killed|kubernetes-trouble)/,
  // What Celery's programs say, be it an event, a request or a revoke, comes to all workers of the virtual host.
  /\/e2e\/src\/celery\/|\/worker\/src\/celery\/(?:celery-node|remote-control)\.|\/beat\/src\/(?:celery-watch|foreign)\./,
];

export default class OneByOneRunner extends TestRunner {
  /** @param {ConstructorParameters<typeof TestRunner>} args */
  constructor(...args) {
    super(...args);
    const [globalConfig, ...rest] = args;
    this.series = SERIES.map((files) => ({
      files,
      runner: new TestRunner({ ...globalConfig, maxWorkers: 1 }, ...rest),
    }));
  }

  /**
   * @override
   * @type {InstanceType<typeof TestRunner>['on']}
   */
  on(event, listener) {
    const listeners = [super.on(event, listener), ...this.series.map(({ runner }) => runner.on(event, listener))];
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
    const seriesOf = (/** @type {(typeof tests)[number]} */ { path }) =>
      this.series.find(({ files }) => files.test(path.replaceAll('\\', '/')));
    const others = tests.filter((test) => !seriesOf(test));
    const runs = others.length > 0 ? [super.runTests(others, watcher, options)] : [];
    for (const one of this.series) {
      const own = tests.filter((test) => seriesOf(test) === one);
      if (own.length > 0) runs.push(one.runner.runTests(own, watcher, options));
    }
    await Promise.all(runs);
  }
}
