import { randomInt } from 'node:crypto';

/** Part of its cases that a model takes in a run of all tests. */
const PART = 3;
const SEEDS = 2 ** 31;

export interface ModelRuns {
  readonly numRuns: number;
  readonly seed: number;
}

/**
 * How many cases of a model are taken, and which: parameters of fast-check's `assert`. A third of the `whole`, from a random seed
 * that is printed, so that runs differ and each can be repeated: `TEST_SEED=1234`. All of them under `TEST_MODELS=whole`, as
 * `.ci/nightly` has it.
 */
export function modelRuns(model: string, whole: number): ModelRuns {
  const { numRuns, seed } = chooseRuns(whole, process.env);
  process.stdout.write(`model of ${model}: ${numRuns} of ${whole} cases, TEST_SEED=${seed}\n`);
  return { numRuns, seed };
}

/** @throws RangeError for a `TEST_SEED` that is no integer, or a `TEST_MODELS` that is not known */
export function chooseRuns(whole: number, env: Readonly<Record<string, string | undefined>>): ModelRuns {
  const { TEST_SEED: named, TEST_MODELS: models } = env;
  if (models && models !== 'whole') throw new RangeError(`TEST_MODELS=${models}: leave it out, or make it "whole"`);
  const seed = named ? Number(named) : randomInt(SEEDS);
  if (!Number.isInteger(seed)) throw new RangeError(`TEST_SEED=${named}: an integer is wanted, as a run printed it`);
  return { numRuns: models === 'whole' ? whole : Math.ceil(whole / PART), seed };
}
