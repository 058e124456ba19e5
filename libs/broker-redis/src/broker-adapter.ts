import { maskUrl, toError } from '@lovage/foundation';
import { ServerUrlError, systemClock, type BrokerAdapter } from '@lovage/ports';
import { redisTargetOf, RedisUrlError, type RedisTarget } from '@lovage/redis-url';
import { RedisSession } from './connection/session.ts';
import { RedisBroker } from './redis-broker.ts';

/** For `redis://…`, `rediss://…`, `redis+socket://…` and `sentinel://…`. It has no management API to ask. */
export const brokerAdapter: BrokerAdapter = {
  serverName: 'Redis',
  open({ url, connectTimeoutMs, applicationName, deadLetterQueue, celeryQueues, log, clock }) {
    targetOf(url);
    return new RedisBroker({ url, connectTimeoutMs, applicationName, deadLetterQueue, celeryQueues, log, clock });
  },
  async probe(url, timeoutMs) {
    const target = { ...targetOf(url), applicationName: 'lovage-probe', clock: systemClock };
    const session = await RedisSession.open(target, timeoutMs);
    session.end(new Error('it was a question only'));
  },
};

/** @throws ServerUrlError */
function targetOf(url: string): RedisTarget {
  try {
    return redisTargetOf(url);
  } catch (error) {
    if (!(error instanceof RedisUrlError)) throw error;
    throw new ServerUrlError('broker', maskUrl(url), `one of Redis: ${toError(error).message}`, { cause: error });
  }
}
