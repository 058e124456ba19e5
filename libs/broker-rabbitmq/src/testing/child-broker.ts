import type { Log } from '@lovage/ports';
import type { RabbitBrokerOptions } from '../options.ts';
import { RabbitBroker } from '../rabbit-broker.ts';

const ignore = (): void => undefined;
// Not that of the testing kit, which can be loaded inside Jest alone.
const noLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => noLog };

/** Module of the conformance suite's child processes. */
export function createBroker(options: Omit<RabbitBrokerOptions, 'log'>): RabbitBroker {
  return new RabbitBroker({ ...options, log: noLog });
}
