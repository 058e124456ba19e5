import { HandlerKindError, HandlerTable } from './handlers.ts';
import { echo } from './testing/fixture.ts';

const handle = () => null;
const handleBatch = () => [];

describe('a table of handlers', () => {
  test('is refused where a batch contract has a handler of single tasks, and the other way round', () => {
    const plain = echo();
    const batch = echo({ batch: { size: 2 } });
    expect(() => new HandlerTable([batch], [{ name: 'test.echo', handle }])).toThrow(HandlerKindError);
    expect(() => new HandlerTable([batch], [{ name: 'test.echo', handle }])).toThrow(
      /test\.echo has `batch`.*@TaskBatchHandler/,
    );
    expect(() => new HandlerTable([plain], [{ name: 'test.echo', handleBatch }])).toThrow(
      /handler of test\.echo is one of batches.*@TaskHandler/,
    );
    expect(new HandlerTable([batch], [{ name: 'test.echo', handleBatch }]).find('test.echo')).toMatchObject({
      contract: batch,
      handleBatch,
    });
    expect(new HandlerTable([plain], [{ name: 'test.echo', handle }]).find('test.echo')).toEqual({
      contract: plain,
      handle,
    });
  });
});
