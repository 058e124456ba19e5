import { afterAll, beforeAll, beforeEach, describe } from '@jest/globals';
import { deadLetters } from './dead-letters.ts';
import { limits } from './limits.ts';
import type { StoreConformanceOptions, StoreUnderTest } from './under-test.ts';
import { uniqueTasks } from './unique-tasks.ts';

/**
 * Registers the models that every library of stores passes: random sequences of what may happen, each compared with what ought to be. Call it at
 * the top of a spec file of the library. Needs a real server.
 */
export function storeConformance({ name, create }: StoreConformanceOptions): void {
  describe(`${name}: store conformance`, () => {
    let made: StoreUnderTest;
    beforeAll(async () => {
      made = await create();
    }, 60_000);
    beforeEach(() => made.clear());
    afterAll(() => made.dispose());
    const underTest = (): StoreUnderTest => made;
    uniqueTasks(underTest);
    deadLetters(underTest);
    limits(underTest);
  });
}
