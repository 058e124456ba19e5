import { describe, test } from '@jest/globals';
import { maskUrl } from '@lovage/foundation';
import { DEFAULT_REDIS_URL } from './jest/services.mjs';
import { serviceVerdict } from './service-verdict.ts';

/**
 * A suite that needs Redis, at `TEST_REDIS_URL` or at database 15 of the one on this machine; it is given its URL. Where none
 * answers it is skipped and named on stderr; under `REQUIRE_SERVICES=1` it fails instead. Keys are to be the suite's own.
 */
export function describeWithRedis(name: string, suite: (url: string) => void): void {
  const url = process.env['TEST_REDIS_URL'] || DEFAULT_REDIS_URL;
  switch (serviceVerdict(process.env, 'LOVAGE_TEST_REDIS', 'Redis')) {
    case 'run':
      return void describe(name, () => suite(url));
    case 'skip':
      process.stderr.write(`skipped, for no Redis answers at ${maskUrl(url)}: ${name}\n`);
      return void describe.skip(name, () => suite(url));
    case 'fail':
      return void describe(name, () => {
        test('needs Redis', () => {
          throw new Error(
            `no Redis answers at ${maskUrl(url)}, and REQUIRE_SERVICES=1 makes that a failure: start one, or set TEST_REDIS_URL`,
          );
        });
      });
  }
}
