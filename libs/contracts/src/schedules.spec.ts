import { allContracts, allSchedules } from './index.ts';

describe('allSchedules', () => {
  it('have names of their own and run contracts of this library', () => {
    expect(new Set(allSchedules.map(({ name }) => name)).size).toBe(allSchedules.length);
    for (const { contract } of allSchedules) expect(allContracts).toContain(contract);
  });

  it('prune results every hour', () => {
    expect(allSchedules.find(({ contract }) => contract.name === 'maintenance.prune_results')).toMatchObject({
      timing: { kind: 'every', everyMs: 3_600_000 },
      enabled: true,
    });
  });
});
