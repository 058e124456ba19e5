import { deferred } from '@lovage/foundation';
import { systemClock } from '@lovage/ports';
import { Latencies } from './latencies.ts';
import { LoadGenerator, plannedBy } from './load-generator.ts';

test('a ramp rises evenly to the rate, and then goes on at it', () => {
  const plan = { rate: 100, rampSeconds: 10 };
  expect([0, 5, 10, 11, 20].map((s) => plannedBy(s * 1000, plan))).toEqual([0, 125, 500, 600, 1500]);
  expect(plannedBy(2_000, { rate: 30, rampSeconds: 0 })).toBe(60);
});

test('percentiles are right to within a tenth', () => {
  const latencies = new Latencies();
  expect(latencies.all).toBeNull();
  for (let n = 1; n <= 1000; n += 1) latencies.add(n / 10);
  const { p50, p99, max } = latencies.all!;
  expect(Math.abs(p50 - 50) / 50).toBeLessThan(0.1);
  expect(Math.abs(p99 - 99) / 99).toBeLessThan(0.1);
  expect(max).toBe(100);
});

const plan = { total: 500, seconds: 60, rate: 10_000, rampSeconds: 0 };

test('no more than two hundred submits are under way; what is refused is counted', async () => {
  let [underWay, most, calls] = [0, 0, 0];
  const generator = new LoadGenerator(
    plan,
    async () => {
      most = Math.max(most, (underWay += 1));
      const refused = (calls += 1) % 10 === 0;
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      if (refused) throw new Error('no');
      return { succeeded: Promise.resolve(calls % 2 === 0) };
    },
    systemClock,
  );
  await generator.run(new AbortController().signal);
  expect(most).toBeLessThanOrEqual(200);
  const report = generator.report();
  expect(report).toMatchObject({ submitted: 450, refused: 50, waiting: 0 });
  expect(report.succeeded + report.failed).toBe(450);
  expect(report.points.reduce((sum, { submitted }) => sum + submitted, 0)).toBe(450);
  expect(report.points.reduce((sum, { ended }) => sum + ended, 0)).toBe(450);
});

test('a stop ends it at once, whatever is waited for', async () => {
  const stop = new AbortController();
  const begun = deferred<void>();
  const generator = new LoadGenerator(
    plan,
    () => {
      begun.resolve();
      return Promise.resolve({ succeeded: new Promise<boolean>(() => undefined) });
    },
    systemClock,
  );
  const run = generator.run(stop.signal);
  await begun.promise;
  stop.abort();
  await run;
  expect(generator.report().waiting).toBeGreaterThan(0);
});
