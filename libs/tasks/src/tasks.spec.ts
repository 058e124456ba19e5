import { jest } from '@jest/globals';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { add, allContracts } from '@lovage/contracts';
import { fakeTask } from './testing/fake-task.ts';
import { TasksModule } from './index.ts';

/** Takes what Nest finds and does nothing with it. */
class Collector extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('collector');
  listen(callback: () => void): void {
    callback();
  }
  readonly close = jest.fn();
  readonly on = jest.fn<() => never>();
  readonly unwrap = jest.fn<() => never>();
}

describe('TasksModule', () => {
  it('brings a handler for every shared contract, which Nest finds and can call', async () => {
    const strategy = new Collector();
    const module = await Test.createTestingModule({ imports: [TasksModule] }).compile();
    const app = module.createNestMicroservice({ strategy, logger: false });
    await app.listen();
    const handlers = strategy.getHandlers();
    expect([...handlers.keys()].sort()).toEqual(allContracts.map(({ name }) => name).sort());
    const result: unknown = await handlers.get('math.add')!({ x: 1, y: 2 }, fakeTask(add).task);
    expect(result).toBe(3);
    await app.close();
  });
});
