import type { Scenario } from '../run/scenario.ts';
import { backOnDuty } from './killed.ts';

/** One in so many of the first tasks, up to ten of them. */
const EVERY = 500;
const POISONED = 10;

const isPoison = (n: number): boolean => n % EVERY === EVERY / 2 && n < EVERY * POISONED;

export const poison: Scenario = {
  name: 'poison',
  summary: 'tasks that kill the process they run in, whichever it is, among good ones: those end DEAD, all others well',
  seconds: 60,
  atLeastSeconds: 20,
  workersMayEnd: true,
  task: (n, usual) => (isPoison(n) ? { ...usual, name: 'chaos.poison' } : usual),
  // A good task that was beside poison in two workers goes to quarantine too, and ends well there.
  endsWell: (n, { state, result, error }) =>
    isPoison(n) ? state === 'DEAD' && error?.data?.['signal'] === 'SIGKILL' : state === 'SUCCESS' && result === n,
  async disturb(stage) {
    const { workers } = stage.fleet;
    let down = false;
    await stage.everySecond(async () => {
      const fewer = workers.some((worker) => !worker.ready);
      if (fewer && !down) void backOnDuty(stage);
      down = fewer;
    });
    // However few tasks there are: from here on no submitted poison is new.
    stage.returned('the last of the poison was submitted');
  },
  proof({ rows, attempts, restarts }) {
    const dead = rows.filter(({ state }) => state === 'DEAD').length;
    const died = Object.entries(restarts).reduce(
      (sum, [name, times]) => sum + (name.startsWith('worker') ? times : 0),
      0,
    );
    return dead > 0 && died > 0
      ? `${dead} tasks DEAD with their child's signal; ${died} workers died of them, ${attempts['LOST'] ?? 0} runs were taken over`
      : undefined;
  },
};
