import { describeWithCelery, describeWithRabbit } from '@lovage/testing';
import { runKit, startKitWorker } from './kit-run.ts';

describeWithCelery('Celery’s conformance kit', (python) => {
  describeWithRabbit('real Celery’s control, inspect and event tools, our worker', (rabbit) => {
    test('all checks, shutdown included', async () => {
      await using worker = await startKitWorker(rabbit);
      const { queue } = worker;
      const given = ['--broker', rabbit.url, '--backend', 'rpc://', '--queue', queue, '--node', `${queue}@lab`];
      expect(await runKit(python, 'inspect_check.py', [...given, '--shutdown'])).toMatchObject({
        code: 0,
        failed: [],
        result: expect.stringMatching(/fail=0 skip=0/) as string,
      });
    }, 300_000);
  });
});
