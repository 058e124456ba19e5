import type { Scenario } from '../run/scenario.ts';
import { badHandlers } from './bad-handlers.ts';
import { clocksOff } from './clocks-off.ts';
import { batchWorkerKilled, gatewayAndBeatKilled, workerKilled } from './killed.ts';
import { limits } from './limits.ts';
import { channelCut, connectionCut, consumerCut } from './lines-cut.ts';
import { poison } from './poison.ts';
import { queueDeleted } from './queue-deleted.ts';
import { postgresStopped, rabbitStopped } from './servers-away.ts';
import { redisKilled, redisStopped, redisWorkerKilled } from './redis.ts';
import { rollingDeploy } from './rolling-deploy.ts';
import { loopBlocked, workerFrozen } from './stale.ts';

/** Every scenario, in the order in which they run. */
export const allScenarios: readonly Scenario[] = [
  workerKilled,
  batchWorkerKilled,
  gatewayAndBeatKilled,
  rabbitStopped,
  connectionCut,
  channelCut,
  consumerCut,
  queueDeleted,
  postgresStopped,
  poison,
  badHandlers,
  workerFrozen,
  loopBlocked,
  clocksOff,
  rollingDeploy,
  limits,
  redisStopped,
  redisKilled,
  redisWorkerKilled,
];
