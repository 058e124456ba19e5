import { describeWithCelery, describeWithRabbit, describeWithRedis } from '@lovage/testing';
import { compareCanvases } from './random-canvas.ts';

describeWithCelery('a thousand random canvases', (python) => {
  describeWithRabbit('over workers of both languages', (rabbit) => {
    describeWithRedis('with results on Redis', (backend) => {
      test('end as the same canvases do at Python’s workers alone', async () => {
        const compared = await compareCanvases(python, rabbit, backend, { seed: 1, count: 1000, settleSeconds: 10 });
        process.stdout.write(`${compared.result}\n`);
        expect(compared).toMatchObject({ code: 0, differs: [] });
        expect(compared.result).toContain('canvases=1000');
      }, 1_800_000);
    });
  });
});
