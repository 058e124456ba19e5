import type { Scenario, Seen } from '../run/scenario.ts';
import type { Stage } from '../run/stage.ts';

const restartsOf = (seen: Seen, kind: string): number =>
  Object.entries(seen.restarts).reduce((sum, [name, times]) => sum + (name.startsWith(kind) ? times : 0), 0);

/** Recovery is counted from when a worker serves, be it one of the others. */
export async function backOnDuty(stage: Stage): Promise<void> {
  await Promise.race(stage.fleet.workers.map((worker) => worker.served()));
  stage.returned('a worker');
}

/** `kill -9` of a worker every second, whatever it is doing. */
export const workerKilled: Scenario = {
  name: 'worker-killed',
  summary: 'SIGKILL of a worker every second under load',
  seconds: 40,
  atLeastSeconds: 8,
  workers: 4,
  async disturb(stage) {
    await stage.everySecond(async (time) => {
      const serving = stage.fleet.workers.filter((worker) => worker.ready);
      // While each of them is still starting there is none to be killed in the middle of anything.
      if (serving.length === 0) return;
      await serving[time % serving.length]!.kill();
      void backOnDuty(stage);
    });
  },
  proof({ attempts, restarts, ...seen }) {
    const kills = restartsOf({ attempts, restarts, ...seen }, 'worker');
    const lost = attempts['LOST'] ?? 0;
    return kills > 0 && lost > 0 ? `${kills} kills, ${lost} runs taken over from the dead` : undefined;
  },
};

/** The same of workers that run batches: each task of a batch is taken over, whatever becomes of the others. */
export const batchWorkerKilled: Scenario = {
  ...workerKilled,
  name: 'batch-worker-killed',
  summary: 'SIGKILL of a worker every second while tasks run in batches',
  task: (_, usual) => ({ ...usual, name: 'chaos.batch' }),
};

/** `kill -9` of the gateway, then of a beat, alternating; a fifth of the tasks is delayed, so that beats are needed. */
export const gatewayAndBeatKilled: Scenario = {
  name: 'gateway-and-beat-killed',
  summary: 'SIGKILL of gateway and beats, alternating; a fifth of the tasks waits in the outbox',
  seconds: 40,
  atLeastSeconds: 10,
  task: (n, usual) =>
    n % 5 === 0 ? { ...usual, options: { ...usual.options, delay: `${500 + (n % 40) * 50}ms` } } : usual,
  async disturb(stage) {
    const { gateway, beats } = stage.fleet;
    await stage.everySecond(async (time) => {
      if (time % 3 === 0 && gateway.ready) {
        await gateway.kill();
        await gateway.served();
        stage.returned('gateway');
      } else if (time % 3 === 1) {
        // All at once: nothing is relayed or swept until one of them is back.
        await Promise.all(beats.map((beat) => beat.kill()));
        await Promise.race(beats.map((beat) => beat.served()));
        stage.returned('beat');
      }
    });
  },
  proof(seen) {
    const [gateway, beats] = [restartsOf(seen, 'gateway'), restartsOf(seen, 'beat')];
    return gateway > 0 && beats > 0 ? `${gateway} kills of the gateway, ${beats} of beats` : undefined;
  },
};
