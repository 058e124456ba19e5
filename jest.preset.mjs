import { fileURLToPath } from 'node:url';

const swc = (type) => [
  '@swc/jest',
  {
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type },
    sourceMaps: 'inline',
  },
];
// ESM-only packages that CommonJS packages require(): Jest has require(esm) only on Node >= 24.9.
const requiredEsm = ['content-disposition', 'cookie'].join('|');
/** @type {import('jest').Config} */
export default {
  // Cheap until a test asks: they look for RabbitMQ, and start PostgreSQL when first wanted.
  globalSetup: fileURLToPath(new URL('libs/testing/src/jest/global-setup.mjs', import.meta.url)),
  globalTeardown: fileURLToPath(new URL('libs/testing/src/jest/global-teardown.mjs', import.meta.url)),
  // Service and e2e tests start servers and processes; on a busy machine of two cores that takes its time.
  testTimeout: 60_000,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@lovage/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  setupFiles: ['reflect-metadata'],
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  transform: {
    '^.+\\.ts$': swc('es6'),
    [`/node_modules/(?:${requiredEsm})/.+\\.js$`]: swc('commonjs'),
  },
  transformIgnorePatterns: [`/node_modules/(?!.*/node_modules/)(?!(?:${requiredEsm})/)`],
};
