import { chooseRuns } from './model-runs.ts';

test('takes a third of the cases, from another seed each time', () => {
  const all = Array.from({ length: 20 }, () => chooseRuns(100, {}));
  expect(all.map(({ numRuns }) => numRuns)).toEqual(all.map(() => 34));
  expect(new Set(all.map(({ seed }) => seed)).size).toBeGreaterThan(1);
});

test('takes all where that is asked, and the seed that is named', () => {
  expect(chooseRuns(100, { TEST_MODELS: 'whole', TEST_SEED: '-17' })).toEqual({ numRuns: 100, seed: -17 });
  expect(chooseRuns(1, { TEST_SEED: '4' })).toEqual({ numRuns: 1, seed: 4 });
});

test('refuses what it does not know', () => {
  expect(() => chooseRuns(100, { TEST_MODELS: 'all' })).toThrow('TEST_MODELS=all');
  expect(() => chooseRuns(100, { TEST_SEED: 'x' })).toThrow('TEST_SEED=x');
});
