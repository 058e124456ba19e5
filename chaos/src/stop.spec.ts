import { jest } from '@jest/globals';
import { stopSuite } from './testing/stop-suite.ts';

jest.setTimeout(300_000);

// At their whole size, with the manifest's grace: `stop.nightly.spec.ts`.
stopSuite({
  ...{ brokerUrl: undefined, queue: 'default', running: { async: 6, thread: 3, process: 3 } },
  ...{ graceSeconds: 4, killSeconds: 4 + 15 },
});
