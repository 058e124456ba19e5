import { eventually } from './eventually.ts';

test('resolves with the first value that is one', async () => {
  let calls = 0;
  const value = await eventually(
    () => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return calls < 3 ? undefined : calls;
    },
    { everyMs: 1 },
  );
  expect(value).toBe(3);
});

test('gives up with the last failure', async () => {
  const always = eventually(() => Promise.reject(new Error('broken')), { timeoutMs: 20, everyMs: 1 });
  await expect(always).rejects.toThrow('not so within 20 ms: broken');
  await expect(eventually(() => false, { timeoutMs: 1, everyMs: 1 })).rejects.toThrow('gave false');
});
