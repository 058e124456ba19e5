import { describeWithCelery, describeWithRabbit, describeWithRedis } from '@lovage/testing';
import { compareCanvases } from './random-canvas.ts';

describeWithCelery('random canvases', (python) => {
  describeWithRabbit('over workers of both languages', (rabbit) => {
    describeWithRedis('with results on Redis', (backend) => {
      test('end as the same canvases do at Python’s workers alone', async () => {
        const compared = await compareCanvases(python, rabbit, backend, { seed: 7, count: 25, settleSeconds: 8 });
        expect(compared).toMatchObject({ code: 0, differs: [] });
        expect(compared.result).toContain('canvases=25');
      }, 240_000);
    });
  });
});
