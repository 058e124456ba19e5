// For suites that run a broker in a process of its own.
import type { Broker, Log } from '@lovage/ports';
import { RedisBroker } from '../redis-broker.ts';

const nothing = (): void => undefined;
const noLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => noLog };

export function createBroker(options: { url: string; deadLetterQueue: string }): Broker {
  return new RedisBroker({ ...options, log: noLog });
}
