import type { LovageClient, TypedTask } from '@lovage/client';
import type { AnyContract } from '@lovage/task';

/** Tasks by name: `math.sum_to_n` is `families.math.sumToN`. */
export interface Families {
  [segment: string]: Families | TypedTask<AnyContract>;
}

/**
 * The contracts as objects that can be called, one for each family. Within a name's segments words are joined as in
 * TypeScript (`sumToN`); the name as on the wire (`sum_to_n`) works too, unlisted.
 */
export function familiesOf(lovage: LovageClient, contracts: readonly AnyContract[]): Families {
  const families: Families = {};
  for (const contract of contracts) {
    const segments = contract.name.split('.');
    const action = segments.pop()!;
    let family = families;
    for (const segment of segments) family = (family[camel(segment)] ??= {}) as Families;
    const task = lovage.client({ task: contract }).task;
    family[camel(action)] = task;
    if (camel(action) !== action) Object.defineProperty(family, action, { value: task, enumerable: false });
  }
  return families;
}

/** `sum_to_n` → `sumToN`. */
export function camel(segment: string): string {
  return segment.replace(/(?<!_)_+([a-z0-9])/g, (_all, initial: string) => initial.toUpperCase());
}
