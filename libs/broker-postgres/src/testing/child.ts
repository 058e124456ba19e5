// For suites that run a broker in a process of its own.
import type { Broker } from '@lovage/ports';
import { PostgresBroker } from '../postgres-broker.ts';
import { noLog } from './brokers.ts';

export function createBroker(options: { url: string }): Broker {
  return new PostgresBroker({ ...options, log: noLog });
}
