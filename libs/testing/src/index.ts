export { MemoryBroker } from './memory-broker.ts';
export { testDatabase, type TestDatabase, type TestDatabaseOptions } from './database/test-database.ts';
export { makeReadOnly } from './database/read-only.ts';
export { testServerUrl } from './database/server.ts';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { expectLinear, type GrowthOptions } from './growth.ts';
export { RecordingLog, silentLog, type LogEntry } from './logs.ts';
export { describeWithRabbit, type TestRabbit } from './rabbit.ts';
export {
  startProcess,
  startTypeScript,
  TYPESCRIPT_FLAGS,
  TestProcess,
  type ProcessExit,
  type StartProcessOptions,
} from './start-process.ts';
export { TcpProxy } from './tcp-proxy.ts';
export { TestClock } from './test-clock.ts';
