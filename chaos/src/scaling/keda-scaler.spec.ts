import { KedaScaler } from './keda-scaler.ts';

const trigger = (value: number | undefined, activation = 0) => ({
  metric: { kind: 'Value' as const, target: 30, activation },
  value,
});
const scaler = () => new KedaScaler({ min: 0, cooldownSeconds: 300 });

test('any active trigger starts the first worker, and leaves the count to the autoscaler', () => {
  const keda = scaler();
  expect(keda.poll(0, 0, [trigger(0), trigger(0)])).toBe(0);
  expect(keda.poll(15, 0, [trigger(0), trigger(0.001)])).toBe(1);
  expect(keda.poll(30, 4, [trigger(100)])).toBe(4);
  expect(keda.poll(45, 0, [trigger(5, 5)])).toBe(0);
});

test('to none it goes when none was active for the cooldown', () => {
  const keda = scaler();
  expect(keda.poll(0, 3, [trigger(1)])).toBe(3);
  expect(keda.poll(300, 3, [trigger(0)])).toBe(3);
  expect(keda.poll(301, 1, [trigger(0)])).toBe(0);
});

test('what cannot be read takes no worker away and starts none', () => {
  const keda = scaler();
  expect(keda.poll(0, 2, [trigger(undefined), trigger(0)])).toBe(2);
  expect(keda.poll(15, 0, [trigger(undefined), trigger(0)])).toBe(0);
});
