import { describeWithCelery, describeWithRabbit, describeWithRedis } from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { runKit, startKitWorker, startKitWorkerOnRedis, startPythonWorker } from './kit-run.ts';

const RUNS = 3;

/** What the kit counts: with `rpc://` its six checks of chords are skipped, which have no backend there. */
const whole = (skipped: number) => ({
  ...{ code: 0, failed: [] },
  result: expect.stringMatching(new RegExp(`pass=[1-9]\\d+ fail=0 skip=${skipped}\\b`)) as string,
});

describeWithCelery('Celery’s conformance kit, three times in a row', (python) => {
  describeWithRabbit('real Celery as producer, one worker of ours', (rabbit) => {
    const check = async (backend: string, queues: readonly string[], broker = rabbit.url) => {
      const at = ['--broker', broker, '--backend', backend, ...queues, '--expect', 'expectations.json'];
      const ran = await runKit(python, 'producer_check.py', at);
      process.stdout.write(`producer_check ${backend.slice(0, 5)} ${queues.join(' ')}: ${ran.result}\n`);
      return ran;
    };

    test('results by rpc://', async () => {
      await using worker = await startKitWorker(rabbit);
      for (let run = 0; run < RUNS; run += 1)
        expect(await check('rpc://', ['--queue', worker.queue])).toMatchObject(whole(6));
    }, 600_000);

    test('inspect, control and events, and at the end its shutdown', async () => {
      await using worker = await startKitWorker(rabbit);
      const { queue } = worker;
      for (let run = 1; run <= RUNS; run += 1) {
        const given = ['--broker', rabbit.url, '--backend', 'rpc://', '--queue', queue, '--node', `${queue}@lab`];
        const isLast = run === RUNS;
        const ran = await runKit(python, 'inspect_check.py', [...given, ...(isLast ? ['--shutdown'] : [])]);
        process.stdout.write(`inspect_check: ${ran.result}\n`);
        expect(ran).toMatchObject(whole(isLast ? 0 : 1));
      }
    }, 600_000);

    describeWithRedis('and results on Redis', (backend) => {
      test.each(['rpc://', 'redis'])(
        'tasks by Redis, results by %s',
        async (results) => {
          await using redis = await OwnRedis.startOnPort();
          const by = results === 'redis' ? redis.url : results;
          await using worker = await startKitWorkerOnRedis(redis.url, by);
          for (let run = 0; run < RUNS; run += 1)
            expect(await check(by, ['--queue', worker.queue], redis.url)).toMatchObject(whole(by === 'rpc://' ? 6 : 0));
        },
        600_000,
      );

      test('by ours alone, and a canvas over ours and Python’s', async () => {
        const other = rabbit.queue('kit-py2');
        rabbit.alsoDeleteExchanges(other);
        await using worker = await startKitWorker(rabbit, { CELERY_RESULT_BACKEND: backend });
        await using _python = await startPythonWorker(python, { queue: other, brokerUrl: rabbit.url, backend });
        for (const queues of [
          ['--queue', worker.queue],
          ['--queue', worker.queue, '--queue2', other],
        ])
          for (let run = 0; run < RUNS; run += 1) expect(await check(backend, queues)).toMatchObject(whole(0));
      }, 900_000);
    });
  });
});
