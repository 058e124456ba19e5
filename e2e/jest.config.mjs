import preset from '../jest.preset.mjs';

export default {
  ...preset,
  testEnvironmentOptions: {
    ...preset.testEnvironmentOptions,
    // But those that mostly wait, for Python or for somebody's lease, and measure nothing.
    oneByOne: '/e2e/src/(?!celery/|gateway-killed|kubernetes-trouble)',
  },
};
