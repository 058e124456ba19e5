export { MemoryBroker, type MemoryBrokerOptions } from './memory-broker/memory-broker.ts';
export { MemoryConnection, MemoryLine } from './memory-broker/memory-line.ts';
export { MemoryServer } from './memory-broker/memory-server.ts';
export { testDatabase, type TestDatabase, type TestDatabaseOptions } from './database/test-database.ts';
export { makeReadOnly } from './database/read-only.ts';
export { testServerUrl } from './database/server.ts';
export { celeryPython, describeWithCelery, WITHOUT_GOSSIP } from './celery.ts';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { expectLinear, type GrowthOptions } from './growth.ts';
export { modelRuns, type ModelRuns } from './model-runs.ts';
export { RecordingLog, silentLog, type LogEntry } from './logs.ts';
export { insertOne } from './insert-one.ts';
export { revokeOne } from './revoke-one.ts';
export { describeWithRedis } from './redis.ts';
export { describeWithRabbit, type TestRabbit } from './rabbit.ts';
export {
  childFlags,
  startProcess,
  startTypeScript,
  TYPESCRIPT_FLAGS,
  TestProcess,
  type ProcessExit,
  type StartProcessOptions,
} from './start-process.ts';
export { TcpProxy } from './tcp-proxy.ts';
export { TestLease } from './test-lease.ts';
export { TestClock } from './test-clock.ts';
