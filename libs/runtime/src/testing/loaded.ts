// Tells what of the children's packages a worker has loaded that has them at hand and has not needed them.
import { createRequire } from 'node:module';
import { systemClock, type Log } from '@lovage/ports';
import { compileChildren } from '../pools/child-options.ts';
import { Pools } from '../pools/pools.ts';
import { handlers } from './child-tasks.ts';

const nothing = (): void => undefined;
// Not the test kit's, which only runs under the test runner.
const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silentLog };
const pools = new Pools(
  { pool: 'async', children: compileChildren({ boot: 'file:///none.js' }) },
  {
    handlers: handlers(),
    services: { log: silentLog, submitChild: undefined, onProgress: nothing },
    answers: { submitChild: undefined, contract: () => undefined },
    events: { begun: nothing, succeeded: nothing, failed: nothing, failedAs: nothing, died: nothing },
    escapes: { escaped: nothing },
    clock: systemClock,
    log: silentLog,
  },
);
const loaded = (): string[] =>
  Object.keys(createRequire(import.meta.url).cache).filter((file) => /node_modules\/(?:piscina|pidusage)\//.test(file));
const before = loaded();
// That what is loaded would be seen.
await import('pidusage');
process.stdout.write(`${JSON.stringify({ before, seen: loaded().length > 0, children: pools.children() })}\n`);
