import preset from '../jest.preset.mjs';

export default { ...preset, testEnvironmentOptions: { ...preset.testEnvironmentOptions, oneByOne: true } };
