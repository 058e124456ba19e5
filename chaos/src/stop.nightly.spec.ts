import { jest } from '@jest/globals';
import { describeWithRabbit } from '@lovage/testing';
import { readWorker } from './scaling/manifests.ts';
import { stopSuite } from './testing/stop-suite.ts';

jest.setTimeout(1_800_000);

const { env, graceSeconds: killSeconds } = readWorker();

describeWithRabbit('a worker with 200 running tasks, with the grace of the manifest', (rabbit) => {
  const grace = /^(\d+)s$/.exec(env['WORKER_SHUTDOWN_GRACE']!)!;
  stopSuite({
    ...{ brokerUrl: rabbit.url, queue: rabbit.queue('stop'), running: { async: 192, thread: 4, process: 4 } },
    ...{ graceSeconds: Number(grace[1]), killSeconds },
  });
});
