import type { Scenario } from '../run/scenario.ts';

/** Longer than a lease (6 s), the second of grace, and a sweep. */
const FROZEN_SECONDS = 12;
const BLOCKED_MS = 10_000;
const BLOCKERS = 6;

export const workerFrozen: Scenario = {
  name: 'worker-frozen',
  summary: `SIGSTOP of a worker for ${FROZEN_SECONDS} s, past its lease, then SIGCONT: what it held must not be written twice`,
  seconds: 50,
  atLeastSeconds: 20,
  async disturb(stage) {
    const { workers } = stage.fleet;
    for (let time = 0; !stage.load.waning; time += 1) {
      const worker = workers[time % workers.length]!;
      worker.freeze();
      await stage.pause(FROZEN_SECONDS);
      worker.thaw();
      stage.returned(worker.name);
      await stage.pause(3);
    }
  },
  proof({ attempts, runTwice }) {
    const lost = attempts['LOST'] ?? 0;
    return lost > 0 && runTwice > 0 ? `${lost} runs taken from a frozen worker that went on with them` : undefined;
  },
};

export const loopBlocked: Scenario = {
  name: 'loop-blocked',
  summary: `handlers that hold their worker’s event loop for ${BLOCKED_MS / 1000} s`,
  seconds: 45,
  atLeastSeconds: 20,
  // Spread over the first half, so that others come after each.
  task: (n, usual) =>
    n % 1000 === 500 && n < BLOCKERS * 1000 ? { ...usual, name: 'chaos.block', input: { n, ms: BLOCKED_MS } } : usual,
  async disturb(stage) {
    // The tasks do it; what counts is that all others are recorded all the same.
    await stage.load.reached(0.5);
    stage.returned('half of the load');
    await stage.load.reached(0.9);
  },
  proof: ({ rows }) =>
    rows.some((row) => row.result === 500 && row.state === 'SUCCESS')
      ? `each of them held a worker’s loop for ${BLOCKED_MS / 1000} s`
      : undefined,
};
