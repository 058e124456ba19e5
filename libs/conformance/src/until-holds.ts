import { eventually } from '@lovage/testing';

/** Repeats the assertion until it passes: for states that a server reaches by itself and announces to nobody. */
export async function untilHolds(assertion: () => void | Promise<void>): Promise<void> {
  await eventually(
    async () => {
      await assertion();
      return true;
    },
    { timeoutMs: 15_000 },
  );
}
