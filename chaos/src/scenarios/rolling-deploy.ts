import { RELEASE_VARIABLE } from '../preload/releases.ts';
import type { App } from '../platform/app.ts';
import type { Scenario } from '../run/scenario.ts';
import type { Stage } from '../run/stage.ts';

/** From these parts of the tasks on there are some that only the newer release can make or run. */
const ADDED_FROM = 0.15;
/** A changed schema of the same version needs a live worker that has it, from its first task on. */
const EXTENDED_FROM = 0.6;
/** When each worker is replaced. */
const WORKERS_AT = [0.35, 0.5, 0.65, 0.8];

const SCHEDULES = "select name, revision, removed_at from schedules where name like 'chaos.%' order by name";

/** Replaces a process by one of the newer release. */
const deploy = (app: App): Promise<void> => app.redeploy({ [RELEASE_VARIABLE]: 'new' });

/**
 * In the worst order: the gateway that knows new contracts comes first, an old one stays beside it to the end; then one beat; the
 * workers one by one, long after the first task that only the newer ones can run.
 */
export const rollingDeploy: Scenario = {
  name: 'rolling-deploy',
  summary:
    'a release rolled out under load, gateway first: contracts added and changed, old and new processes side by side',
  seconds: 60,
  atLeastSeconds: 25,
  workers: 4,
  gateways: 2,
  task(n, usual, part) {
    const { input } = usual;
    if (n % 5 === 1 && part > ADDED_FROM) return { ...usual, name: 'chaos.added' };
    // Refused by the gateway of the other release: sent again until it meets the right one.
    if (n % 5 === 2) {
      const since = part > ADDED_FROM && (n % 2 === 0 || part > 0.85);
      return { ...usual, name: 'chaos.changed', input: since ? { ...(input as object), note: 'new' } : input };
    }
    if (n % 5 === 3)
      return {
        ...usual,
        name: 'chaos.extended',
        input: part > EXTENDED_FROM ? { ...(input as object), tag: 'new' } : input,
      };
    return usual;
  },
  async disturb(stage) {
    const { gateways, beats, workers } = stage.fleet;
    await deploy(gateways[0]!);
    await deploy(beats[0]!);
    for (const [at, worker] of workers.entries()) {
      await stage.load.reached(WORKERS_AT[at]!);
      // The older beat and an older worker are started again as they are: what they state must undo nothing.
      if (at === 1) await Promise.all([beats[1]!.redeploy({}), workers[3]!.redeploy({})]);
      await deploy(worker);
    }
    await waning(stage);
    await deploy(beats[1]!);
    await deploy(gateways[1]!);
    stage.returned('the last old process was replaced');
  },
  proof({ passedOn }) {
    const reasons = Object.entries(passedOn).map(([reason, tasks]) => `${tasks} ${reason}`);
    return ['not_served', 'newer_version', 'other_schema'].every((reason) => passedOn[reason])
      ? `passed on to newer workers: ${reasons.join(', ')}`
      : undefined;
  },
  async remains(stage) {
    const schedules = await stage.query<{ name: string; revision: number; removed_at: Date | null }>(SCHEDULES);
    const wanted = [
      ['chaos.added', 1],
      ['chaos.both', 2],
      ['chaos.dropped', 1],
    ];
    const found = schedules.map(({ name, revision, removed_at }) => [
      name,
      revision,
      ...(removed_at ? ['removed'] : []),
    ]);
    return JSON.stringify(found) === JSON.stringify(wanted)
      ? []
      : [`beats of two releases undid each other's schedules: ${JSON.stringify(found)}`];
  },
};

async function waning(stage: Stage): Promise<void> {
  while (!stage.load.waning) await stage.pause(0.1);
}
