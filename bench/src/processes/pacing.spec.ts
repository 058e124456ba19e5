import { latencies, paced, windowed } from './pacing.ts';

test('a window lets so many calls run at once, and each number once', async () => {
  let running = 0;
  let most = 0;
  const seen: number[] = [];
  await windowed(20, 3, async (i) => {
    most = Math.max(most, ++running);
    seen.push(i);
    await Promise.resolve();
    running -= 1;
  });
  expect(most).toBe(3);
  expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('paced calls do not wait for each other', async () => {
  let open: (() => void)[] = [];
  const seen: number[] = [];
  await paced(3, 1000, (i) => {
    seen.push(i);
    const call = new Promise<void>((resolve) => open.push(resolve));
    // The first two are answered only once the third is made.
    if (i === 2) for (const answer of open) answer();
    open = i === 2 ? [] : open;
    return call;
  });
  expect(seen).toEqual([0, 1, 2]);
});

test('latencies are one a call', async () => {
  const took = await latencies(5, 1000, () => Promise.resolve());
  expect(took).toHaveLength(5);
  for (const ms of took) expect(ms).toBeGreaterThanOrEqual(0);
});
