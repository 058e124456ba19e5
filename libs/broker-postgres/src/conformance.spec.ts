import { brokerConformance } from '@lovage/conformance';
import { silentLog, testDatabase } from '@lovage/testing';
import { PostgresBroker } from './postgres-broker.ts';

brokerConformance({
  name: 'broker-postgres',
  capabilities: { deadLetterQueue: 'lovage.dead', levels: true, remoteControl: true, redeliveryAfterKillMs: 5000 },
  async create() {
    const db = await testDatabase({ migrated: false });
    return {
      url: db.url,
      connect: ({ url = db.url, connectTimeoutMs } = {}) =>
        new PostgresBroker({ url, connectTimeoutMs, log: silentLog }),
      child: { module: new URL('./testing/child.ts', import.meta.url).href, options: { url: db.url } },
      dispose: () => db.drop(),
    };
  },
});
