export { brokerAdapter } from './broker-adapter.ts';
export type { RedisBrokerOptions } from './options.ts';
export { RedisBroker } from './redis-broker.ts';
