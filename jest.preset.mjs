import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
/**
 * Of `.ci/nightly`: suites that take minutes, the models, which then take all of their cases (`TEST_MODELS`), and those of the
 * dashboard in a browser, some of which then run on RabbitMQ, too.
 */
const nightly = process.env.NIGHTLY === '1';
/** @type {import('jest').Config} */
export default {
  // Cheap until a test asks: they look for RabbitMQ, and start PostgreSQL when first wanted.
  globalSetup: at('libs/testing/src/jest/global-setup.mjs'),
  globalTeardown: at('libs/testing/src/jest/global-teardown.mjs'),
  // Service and e2e tests start servers and processes; on a busy machine of two cores that takes its time.
  testTimeout: 60_000,
  // One realm, in which packages are loaded once for all spec files of a process; what the repository holds, once a file.
  testEnvironment: at('libs/testing/src/jest/one-realm-environment.mjs'),
  runtime: at('libs/testing/src/jest/shared-modules-runtime.mjs'),
  runner: at('libs/testing/src/jest/one-by-one-runner.mjs'),
  testEnvironmentOptions: { customExportConditions: ['@lovage/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  setupFiles: ['reflect-metadata'],
  testMatch: nightly
    ? ['<rootDir>/src/**/*.nightly.spec.ts', '<rootDir>/src/**/*.model.spec.ts', '<rootDir>/src/dashboard/*.spec.ts']
    : ['<rootDir>/src/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(nightly ? [] : ['\\.nightly\\.spec\\.ts$'])],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};
