import { eventually } from '@lovage/testing';
import { deed } from '../testing/child-tasks.ts';
import { children, Fixture } from '../testing/fixture.ts';

test.each(['process', 'thread'] as const)(
  'a handler in a %s reads the message that it runs for',
  async (pool) => {
    await using f = await Fixture.open();
    const worker = await f.worker(deed(), () => null, { pool, children: await children({ slots: 1 }) });
    const id = await f.send(null, {
      ...{ name: 'test.deed', inputJson: '{"deed":"request","value":null}', shadow: 'shown', timeLimit: [60, 30] },
      headers: { stamped_headers: ['tenant'], stamps: { tenant: 'acme' } },
    });
    expect(await f.ended(id)).toMatchObject({
      state: 'SUCCESS',
      result: {
        ...{
          id,
          rootId: id,
          parentId: null,
          retries: 0,
          shadow: 'shown',
          timeLimit: [60, 30],
          lang: 'js',
          queue: 'default',
        },
        headers: { stamps: { tenant: 'acme' } },
      },
    });
    await eventually(() => worker.tasks().length === 0);
  },
  60_000,
);
