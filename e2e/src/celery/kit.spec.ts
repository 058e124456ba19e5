import { describeWithCelery, describeWithRabbit, describeWithRedis } from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { runKit, startKitWorker, startKitWorkerOnRedis } from './kit-run.ts';

describeWithCelery('Celery’s conformance kit', (python) => {
  describeWithRabbit('real Celery as producer, our worker', (rabbit) => {
    describeWithRedis('on RabbitMQ and on Redis', () => {
      const check = (broker: string, backend: string, queue: string) =>
        runKit(python, 'producer_check.py', [
          ...['--broker', broker, '--backend', backend, '--queue', queue, '--expect', 'expectations.json'],
        ]);

      const whole = { code: 0, failed: [], result: expect.stringContaining('fail=0') as string };

      // Each mostly waits: both at once take as long as one. The other two ways of results: kit.nightly.spec.ts.
      test.concurrent(
        'tasks by RabbitMQ, results by rpc://',
        async () => {
          await using worker = await startKitWorker(rabbit);
          expect(await check(rabbit.url, 'rpc://', worker.queue)).toMatchObject(whole);
        },
        200_000,
      );

      test.concurrent(
        'tasks and results by Redis',
        async () => {
          await using redis = await OwnRedis.startOnPort();
          await using worker = await startKitWorkerOnRedis(redis.url, redis.url);
          expect(await check(redis.url, redis.url, worker.queue)).toMatchObject(whole);
        },
        200_000,
      );
    });
  });
});
