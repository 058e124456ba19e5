import { TaskRoutes } from '@lovage/foundation';
import { ContractRegistry } from '@lovage/task';
import { silentLog } from '@lovage/testing';
import { LovageClient } from '../client.ts';
import { echo, ClientFixture, plainEcho } from '../testing/fixture.ts';
import { prepareRow } from './prepare-row.ts';

const elsewhere = echo({ queue: 'own' }, 'other.echo');
const routes = [
  { match: 'test.*', queue: 'routed' },
  { match: '*.echo', queue: 'second' },
];

describe('the queue of a task', () => {
  test('is the option’s, else that of the first route that fits, else the contract’s; in every way to submit', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.broker.declare('named');
    const lovage = fixture.client({ routes: [routes[0]!], contracts: [plainEcho, elsewhere] });
    const input = { value: 1 };
    const submits: [string, Promise<{ id: string }>][] = [
      ['routed', lovage.submit(plainEcho, input)],
      ['named', lovage.submit(plainEcho, input, { queue: 'named' })],
      ['own', lovage.submit(elsewhere, input)],
      ['routed', lovage.submitByName('test.echo', input)],
      ['routed', lovage.submit(plainEcho, input, { delay: '1h' })],
      ['routed', lovage.submit(plainEcho, input, { idempotencyKey: 'k' })],
      ['routed', lovage.client({ plainEcho }).plainEcho.submit(input)],
    ];
    for (const [queue, submit] of submits) {
      const row = await fixture.store.tasks.get((await submit).id);
      expect([row?.queue, queue]).toEqual([queue, queue]);
    }
    expect((await fixture.broker.depth('routed')).ready).toBe(4);
  });

  test('of a call is routed as well: it comes back', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.serve(({ reply }) => reply({ state: 'SUCCESS', result: 'back' }), 'routed');
    const lovage = fixture.client({ routes });
    expect(await lovage.call(plainEcho, { value: 1 }, { timeout: '10s' })).toBe('back');
  });

  test('a schedule’s firing is prepared by the same rules', () => {
    const of = (options: { queue?: string }, given?: TaskRoutes) =>
      prepareRow(elsewhere, { value: 1 }, options, 0, given).task.queue;
    const compiled = new TaskRoutes(routes);
    expect([of({}, compiled), of({ queue: 'named' }, compiled), of({})]).toEqual(['second', 'named', 'own']);
  });

  test('a route that cannot work is told when the client is made', async () => {
    await using fixture = await ClientFixture.open();
    const { tasks, outbox } = fixture.store;
    const contracts = new ContractRegistry([plainEcho]);
    const options = { broker: fixture.broker, tasks, outbox, contracts, log: silentLog };
    expect(() => new LovageClient({ ...options, routes: [{ match: 'a b', queue: 'q' }] })).toThrow(
      /^routes.0.match: "a b"/,
    );
  });
});
