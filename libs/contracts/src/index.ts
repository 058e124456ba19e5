import type { AnyContract } from '@lovage/task';
import { waitAndReturn } from './demo.ts';
import { add, divide, sumToN } from './math.ts';
import { processWord } from './text.ts';

export { waitAndReturn } from './demo.ts';
export { add, divide, MAX_SUM_N, sumToN } from './math.ts';
export { processWord } from './text.ts';

/** Every contract of this library: what gateway and console offer, and a worker serves. Add yours here. */
export const allContracts: readonly AnyContract[] = [add, divide, sumToN, waitAndReturn, processWord];
