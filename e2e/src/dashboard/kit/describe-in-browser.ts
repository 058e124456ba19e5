import { afterAll, afterEach, beforeAll, describe, expect, jest } from '@jest/globals';
import { chromiumPath } from './chromium.ts';
import { Dashboard, type DashboardOptions } from './dashboard.ts';

/** A browser, a page and five processes share the cores of a busy machine. */
const TEST_TIMEOUT_MS = 120_000;

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
  describe(name, () => {
    let dashboard: Dashboard | undefined;
    beforeAll(async () => {
      dashboard = await Dashboard.start(options);
    }, 180_000);
    afterAll(() => dashboard?.[Symbol.asyncDispose](), 60_000);
    // Not where a page is closed: what failed first would be lost.
    afterEach(() => expect(dashboard?.takeComplaints() ?? []).toEqual([]));
    suite(() => {
      if (!dashboard) throw new Error('the dashboard did not start');
      return dashboard;
    });
  });
}
