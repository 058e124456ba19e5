// A process with children, one that computes for ever and one that idles; it tells their pids and waits to be killed.
import { systemClock, type Log } from '@lovage/ports';
import { admit } from '../intake/admit.ts';
import { compileChildren } from '../pools/child-options.ts';
import { ProcessPool } from '../pools/process-pool.ts';
import { handlers } from './child-tasks.ts';
import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import type { Delivery } from '@lovage/ports';

const table = handlers();
const nothing = (): void => undefined;
// Not the test kit's, which only runs under the test runner.
const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silentLog };
const services = {
  log: silentLog,
  submitChild: undefined,
  onProgress: (_: unknown, progress: string) => process.stdout.write(`computing ${progress}\n`),
};
const pool = new ProcessPool(compileChildren({ boot: new URL('./child-tasks.ts', import.meta.url).href, slots: 2 }), {
  services,
  answers: { submitChild: undefined, contract: () => undefined },
  events: {
    begun: nothing,
    succeeded: (_, result) => void process.stdout.write(`pid ${(JSON.parse(result) as { pid: number }).pid}\n`),
    failed: (_, thrown) => void process.stdout.write(`failed ${String(thrown)}\n`),
    failedAs: (_, failure) => void process.stdout.write(`failed ${JSON.stringify(failure)}\n`),
    died: nothing,
  },
  escapes: { escaped: nothing },
  clock: systemClock,
  teardownMs: 100,
  log: silentLog,
});

function start(deed: string): void {
  const { headers, ...message } = encodeTask({
    ...{ id: newId(), name: 'test.deed', inputJson: JSON.stringify({ deed, value: null }) },
    ...{ rootId: null, parentId: null, retries: 0, generation: 0, hasRow: false },
  });
  const delivery: Delivery = {
    ...message,
    headers,
    queue: 'q',
    replyTo: undefined,
    priority: undefined,
    level: 'normal',
    redelivered: false,
    ack: nothing,
    nack: nothing,
  };
  const admitted = admit(delivery, table);
  if (!admitted.ok) throw new Error(admitted.malformed.reason);
  pool.start(admitted.entry);
}

start('computeTellingPid');
start('where');
setInterval(nothing, 1000);
