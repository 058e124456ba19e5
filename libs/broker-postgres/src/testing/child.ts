// For suites that run a broker in a process of its own.
import type { Broker, Log } from '@lovage/ports';
import { PostgresBroker } from '../postgres-broker.ts';

const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent };

export function createBroker(options: { url: string }): Broker {
  return new PostgresBroker({ ...options, log: silent });
}
