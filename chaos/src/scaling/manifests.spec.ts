import { readAutoscaler, readWorker } from './manifests.ts';

test('a worker runs as many tasks as a trigger gives it before it wants another', () => {
  const running = readAutoscaler('keda').triggers.find(({ name }) => name === 'running')!;
  expect(running.metric).toMatchObject({ kind: 'AverageValue', activation: 0 });
  expect(String(running.metric.target)).toBe(readWorker().env['WORKER_CONCURRENCY']);
});

test('the pattern of keda-rabbitmq names a queue with its levels, and no other', () => {
  const [trigger] = readAutoscaler('keda-rabbitmq').triggers;
  const pattern = new RegExp((trigger as { queues: string }).queues);
  const names = ['default', 'default~high', 'default~low', 'default~lower', 'my-default', 'images~low'];
  expect(names.filter((name) => pattern.test(name))).toEqual(names.slice(0, 3));
});

test('the plain autoscaler goes by CPU of what a worker requests', () => {
  const { requestedCores } = readWorker();
  expect(readAutoscaler('hpa')).toMatchObject({ min: 1, keda: undefined, triggers: [{ type: 'cpu', requestedCores }] });
});
