import type { Scenario } from '../run/scenario.ts';
import { workerKilled } from './killed.ts';

const AWAY_SECONDS = 20;
/** With `appendfsync everysec`: what the log had not yet brought to disk. */
const LOST_MS = 1000;
const KILLS = 3;

export const redisStopped: Scenario = {
  name: 'redis-stopped',
  summary: `Redis as the broker: stopped for ${AWAY_SECONDS} s and started again; submits go on`,
  broker: 'redis',
  seconds: 45,
  atLeastSeconds: 30,
  async disturb(stage) {
    await stage.redis.down();
    const before = stage.load.accepted.size;
    await stage.pause(AWAY_SECONDS);
    stage.note(`${stage.load.accepted.size - before} tasks accepted while Redis was away`);
    await stage.redis.up();
    stage.returned('Redis');
  },
  proof: (_seen, stage) => stage.notes.find((note) => /^[1-9]\d* tasks accepted while/.test(note)) && 'one stop',
};

/** Published, taken and acked of the last second are undone: the rows know better. */
export const redisKilled: Scenario = {
  name: 'redis-killed',
  summary: `Redis as the broker, appendfsync everysec: SIGKILL ${KILLS} times, each time the last second of its log is gone`,
  broker: 'redis',
  seconds: 40,
  atLeastSeconds: 20,
  async disturb(stage) {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const lost = await stage.redis.crashLosing(LOST_MS);
      stage.note(`kill ${kill}: ${lost} bytes of its log lost`);
      await stage.pause(1);
      await stage.redis.up();
      stage.returned('Redis');
      await stage.load.reached((0.9 * kill) / KILLS);
    }
  },
  proof: (_seen, stage) =>
    stage.notes.filter((note) => /^kill \d+: [1-9]/.test(note)).length === KILLS ? `${KILLS} kills` : undefined,
};

export const redisWorkerKilled: Scenario = {
  ...workerKilled,
  name: 'redis-worker-killed',
  summary: 'Redis as the broker: SIGKILL of a worker every second under load',
  broker: 'redis',
};
