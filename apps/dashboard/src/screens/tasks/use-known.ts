import { useMemo } from 'react';
import { useContracts, useQueues, useWorkers } from '../../api/queries/lists.ts';
import type { Known, KnownField } from './filter/complete.ts';
import { fieldsOfSchema } from './filter/known-fields.ts';

/** What completion of the filter offers: contracts with the fields of their inputs, queues and workers. */
export function useKnown(): Known {
  const contracts = useContracts().data?.items;
  const queues = useQueues({}, { pollMs: false }).data?.items;
  const workers = useWorkers({}, { pollMs: false }).data?.items;
  return useMemo(() => {
    const fields = new Map<string, KnownField[]>();
    const fieldsOf = (name: string, schema: unknown): KnownField[] => {
      let known = fields.get(name);
      if (!known) fields.set(name, (known = fieldsOfSchema(schema)));
      return known;
    };
    return {
      names: contracts?.map(({ name }) => name) ?? [],
      queues: queues?.map(({ name }) => name) ?? [],
      workers: workers?.map(({ name }) => name) ?? [],
      fields: (name) => {
        const prefix = name?.endsWith('*') ? name.slice(0, -1) : undefined;
        const meant = (contracts ?? []).filter(
          (one) => name === undefined || (prefix === undefined ? one.name === name : one.name.startsWith(prefix)),
        );
        const all = new Map<string, KnownField>();
        for (const { name: contract, input } of meant)
          for (const field of fieldsOf(contract, input)) all.set(field.path.join('.'), field);
        return [...all.values()];
      },
    };
  }, [contracts, queues, workers]);
}
