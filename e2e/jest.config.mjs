import preset from '../jest.preset.mjs';

/** Suites that measure at full size take minutes: `.ci/nightly` runs them. */
const nightly = process.env['NIGHTLY'] === '1';

export default {
  ...preset,
  ...(nightly
    ? { testMatch: ['<rootDir>/src/**/*.nightly.spec.ts'] }
    : { testPathIgnorePatterns: ['/node_modules/', '\\.nightly\\.spec\\.ts$'] }),
};
