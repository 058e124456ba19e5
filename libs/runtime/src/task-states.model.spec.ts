import fc from 'fast-check';
import { modelRuns } from '@lovage/testing';
import { step } from './testing/model/steps.ts';
import { World } from './testing/model/world.ts';

/**
 * The whole delivery protocol on its real SQL, with the engine's own intake, refused claims and records: whatever happens in
 * whatever order, an ended task stays as it ended, is recorded once, and no accepted task waits for nothing.
 */
describe('states of a task', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  it('hold over any sequence of deliveries, deaths, duplicates and decisions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), async (steps) => {
        await world.reset();
        for (const each of steps) {
          await world.take(each);
          await world.check();
        }
        await world.recover();
      }),
      {
        ...modelRuns('the states of a task', 150),
        examples: [
          // A task without a row until its end is run from a message whose confirm was lost, while another worker holds
          // the claim of the relay's copy.
          [
            [
              { op: 'submit', how: 'confirmLost', contract: 'final', expires: false },
              { op: 'deliver', worker: 0, message: 0 },
              { op: 'claim', worker: 0 },
              { op: 'relay', dies: 'never' },
              { op: 'deliver', worker: 1, message: 0 },
              { op: 'claim', worker: 1 },
              { op: 'finish', worker: 0, which: 0, how: 'retry', cut: false },
            ],
          ],
        ],
      },
    );
  }, 300_000);
});
