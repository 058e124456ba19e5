export { brokerConformance } from './broker/broker-conformance.ts';
export type {
  Alarm,
  BrokerCapabilities,
  BrokerConformanceOptions,
  BrokerUnderTest,
  BrokerChild,
  BrokerChildTask,
  ConnectOptions,
  Line,
} from './broker/under-test.ts';
export { within } from './within.ts';
export { storeConformance } from './store/store-conformance.ts';
export type { KeySlots, StoreConformanceOptions, StoreUnderTest } from './store/under-test.ts';
