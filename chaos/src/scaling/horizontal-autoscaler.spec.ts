import { HorizontalAutoscaler, type Measured } from './horizontal-autoscaler.ts';
import { readAutoscaler, type MetricTarget } from './manifests.ts';

const limits = readAutoscaler('keda');
const metric = (kind: MetricTarget['kind'], target: number): MetricTarget => ({ kind, target, activation: 0 });
const of = (kind: MetricTarget['kind'], target: number, value: Measured['value']): Measured => ({
  metric: metric(kind, target),
  value,
});
const pods = (replicas: number, ready = replicas) => ({ replicas, ready });
const once = (count: ReturnType<typeof pods>, ...measured: Measured[]) =>
  new HorizontalAutoscaler(limits).sync(0, count, measured);

test('a value wants so many times more as it is above its target, of those that are ready', () => {
  expect(once(pods(2), of('Value', 30, 60))).toBe(4);
  expect(once(pods(3, 1), of('Value', 30, 100))).toBe(4);
  expect(once(pods(2), of('Value', 30, 32))).toBe(2);
  expect(once(pods(2), of('Value', 30, 34))).toBe(3);
});

test('an average value wants one for each target in it', () => {
  expect(once(pods(1), of('AverageValue', 20, 61))).toBe(4);
  expect(once(pods(3), of('AverageValue', 20, 65))).toBe(3);
});

test('utilization is that of the average pod; silent ones are taken for idle before growth', () => {
  expect(once(pods(2), of('Utilization', 70, [140, 140]))).toBe(4);
  expect(once(pods(2), of('Utilization', 70, [140]))).toBe(2);
  expect(once(pods(2), of('Utilization', 70, []))).toBe(2);
});

test('the largest of all metrics counts; one that cannot be read wants no fewer', () => {
  expect(once(pods(2), of('Value', 30, 10), of('AverageValue', 20, 100))).toBe(5);
  const scaler = new HorizontalAutoscaler({
    ...limits,
    scaleDown: { ...limits.scaleDown, stabilizationWindowSeconds: 0 },
  });
  expect(scaler.sync(0, pods(5), [of('Value', 30, 1), of('Value', 30, undefined)])).toBe(5);
  expect(scaler.sync(15, pods(5), [of('Value', 30, undefined)])).toBe(5);
});

test('it grows by four, or by as many as there are, in 15 s, up to the most', () => {
  const scaler = new HorizontalAutoscaler({ ...limits, max: 20 });
  const much = of('Value', 30, 3_000);
  expect(scaler.sync(0, pods(1), [much])).toBe(5);
  expect(scaler.sync(5, pods(5), [much])).toBe(5);
  expect(scaler.sync(15, pods(5), [much])).toBe(10);
  expect(scaler.sync(30, pods(10), [much])).toBe(20);
  expect(once(pods(9), much)).toBe(10);
});

test('it shrinks to the most that was wanted in the window of the manifest, and never below one', () => {
  const scaler = new HorizontalAutoscaler(limits);
  const { stabilizationWindowSeconds } = limits.scaleDown;
  expect(scaler.sync(0, pods(2), [of('Value', 30, 60)])).toBe(4);
  for (let at = 15; at < stabilizationWindowSeconds; at += 15)
    expect(scaler.sync(at, pods(4), [of('Value', 30, 0)])).toBe(4);
  expect(scaler.sync(stabilizationWindowSeconds, pods(4), [of('Value', 30, 0)])).toBe(1);
  expect(once(pods(0), of('Value', 30, 60))).toBe(0);
});
