import { children, Fixture } from '../testing/fixture.ts';
import { deed, handle } from '../testing/child-tasks.ts';

const does = (name: string, value: unknown = null) => ({
  name: 'test.deed',
  inputJson: JSON.stringify({ deed: name, value }),
});

describe.each(['thread', 'process'] as const)('the pool %s', (pool) => {
  test('runs a handler end to end', async () => {
    await using f = await Fixture.open();
    await f.worker(deed(), handle, { pool, children: children() });
    const id = await f.send(null, does('where'));
    const row = await f.ended(id);
    expect(row).toMatchObject({ state: 'SUCCESS', result: { served: 1 } });
  });
});
