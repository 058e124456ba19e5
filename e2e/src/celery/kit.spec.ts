import { describeWithCelery, describeWithRabbit, describeWithRedis } from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { runKit, startKitWorker, startKitWorkerOn } from './kit-run.ts';

// Its programs mostly wait: those of one suite at once.
describeWithCelery('Celery’s conformance kit', (python) => {
  describeWithRabbit('real Celery as producer, our worker', (rabbit) => {
    const check = async (queue: string, backend: string) =>
      runKit(python, 'producer_check.py', [
        ...['--broker', rabbit.url, '--backend', backend, '--queue', queue, '--expect', 'expectations.json'],
      ]);

    test.concurrent(
      'results by rpc://',
      async () => {
        await using worker = await startKitWorker(rabbit);
        expect(await check(worker.queue, 'rpc://')).toMatchObject({
          code: 0,
          failed: [],
          result: expect.stringContaining('fail=0') as string,
        });
      },
      180_000,
    );

    describeWithRedis('results on Redis', (url) => {
      test.concurrent(
        'written beside the record',
        async () => {
          await using worker = await startKitWorker(rabbit, { CELERY_RESULT_BACKEND: url });
          expect(await check(worker.queue, url)).toMatchObject({
            code: 0,
            failed: [],
            result: expect.stringContaining('fail=0') as string,
          });
        },
        180_000,
      );
    });
  });

  describeWithRedis('real Celery as producer, our worker: both ends on Redis', () => {
    test.concurrent.each(['rpc://', 'redis'])(
      'results by %s',
      async (backend) => {
        await using redis = await OwnRedis.startOnPort();
        const { url } = redis;
        const results = backend === 'redis' ? url : backend;
        await using worker = await startKitWorkerOn(
          { url, queue: 'kit', deadLetterQueue: 'lovage.dead' },
          { CELERY_RESULT_BACKEND: results },
        );
        expect(
          await runKit(python, 'producer_check.py', [
            ...['--broker', url, '--backend', results, '--queue', worker.queue, '--expect', 'expectations.json'],
          ]),
        ).toMatchObject({ code: 0, failed: [], result: expect.stringContaining('fail=0') as string });
      },
      200_000,
    );
  });
});
