import preset from '../jest.preset.mjs';

/** Suites that measure at full size take minutes: `.ci/nightly` runs them. */
const nightly = process.env['NIGHTLY'] === '1';

export default {
  ...preset,
  testMatch: nightly
    ? ['<rootDir>/src/**/*.nightly.spec.ts']
    : ['<rootDir>/src/**/*.spec.ts', '!<rootDir>/src/**/*.nightly.spec.ts'],
};
