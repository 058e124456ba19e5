import { describe, jest } from '@jest/globals';
import { Bench } from './bench.ts';
import { blocked } from './blocked.ts';
import { consuming } from './consuming.ts';
import { health } from './health.ts';
import { lifecycle } from './lifecycle.ts';
import { outages } from './outages.ts';
import { priorities } from './priorities.ts';
import { processDeath } from './process-death.ts';
import { publishing } from './publishing.ts';
import { remoteControl } from './remote-control.ts';
import { replies } from './replies.ts';
import type { BrokerConformanceOptions } from './under-test.ts';

/**
 * Registers the tests that every adapter of the `Broker` port passes. Call it at the top of a spec file of the adapter.
 * Needs a real server: a test that only an imitation passes proves nothing.
 */
export function brokerConformance(options: BrokerConformanceOptions): void {
  describe(`${options.name}: broker conformance`, () => {
    // The slowest wait for a server to notice a death; none waits for time to pass.
    jest.setTimeout(60_000);
    const bench = new Bench(options);
    publishing(bench);
    consuming(bench);
    health(bench);
    priorities(bench);
    replies(bench);
    remoteControl(bench);
    outages(bench);
    blocked(bench);
    lifecycle(bench);
    processDeath(bench);
  });
}
