import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { onEmbedded, onServers, type Shape } from '../../kit/shapes.ts';
import { chromiumPath } from './chromium.ts';
import { Dashboard, type DashboardOptions } from './dashboard.ts';

/** A browser, a page and five processes share the cores of a busy machine. */
const TEST_TIMEOUT_MS = 240_000;

/**
 * A suite on the real dashboard in a real browser, over the real platform, which is started once. Where there is no Chromium it
 * is skipped and named on stderr; under `REQUIRE_SERVICES=1` it fails instead.
 */
export function describeInBrowser(
  name: string,
  suite: (dashboard: () => Dashboard) => void,
  options?: DashboardOptions,
): void {
  if (chromiumPath() === undefined && process.env['REQUIRE_SERVICES'] !== '1') {
    process.stderr.write(`skipped, for there is no Chromium: ${name}\n`);
    return void describe.skip(name, () => suite(() => undefined as never));
  }
  jest.setTimeout(TEST_TIMEOUT_MS);
  describe(name, () => suite(started(options)));
}

/**
 * The same suite without RabbitMQ and, in `.ci/nightly`, on RabbitMQ and PostgreSQL servers (skipped where there is no RabbitMQ): for
 * what a person does to workers and broker. `once` defines a test that the shape makes no difference to; it runs in the first one.
 */
export function describeInBrowserOnBothShapes(
  name: string,
  suite: (
    dashboard: () => Dashboard,
    shape: Shape,
    once: (name: string, run: () => Promise<void>, ms?: number) => void,
  ) => void,
): void {
  if (chromiumPath() === undefined && process.env['REQUIRE_SERVICES'] !== '1') {
    process.stderr.write(`skipped, for there is no Chromium: ${name}\n`);
    return void describe.skip(name, () => test('in a browser', () => undefined));
  }
  jest.setTimeout(TEST_TIMEOUT_MS);
  onEmbedded(name, (shape) => suite(started({}, shape), shape, test));
  if (process.env['NIGHTLY'] === '1') onServers(name, (shape) => suite(started({}, shape), shape, () => undefined));
}

/** Hooks of a suite that start its dashboard and end it. */
function started(options?: DashboardOptions, shape?: Shape): () => Dashboard {
  let dashboard: Dashboard | undefined;
  beforeAll(async () => {
    dashboard = await Dashboard.start(options, shape);
  }, 180_000);
  afterAll(() => dashboard?.[Symbol.asyncDispose](), 60_000);
  // Not where a page is closed: what failed first would be lost.
  afterEach(() => expect(dashboard?.takeComplaints() ?? []).toEqual([]));
  return () => {
    if (!dashboard) throw new Error('the dashboard did not start');
    return dashboard;
  };
}
