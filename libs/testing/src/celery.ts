import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

const candidates = [process.env['TEST_CELERY_PYTHON'], 'python3', '/usr/bin/python3'];

let found: { readonly python: string | undefined } | undefined;

/** A Python that has Celery: `TEST_CELERY_PYTHON`, `python3`, or Debian's own (package python3-celery). Undefined: there is none. */
export function celeryPython(): string | undefined {
  found ??= { python: candidates.find((python) => python !== undefined && python !== '' && hasCelery(python)) };
  return found.python;
}

function hasCelery(python: string): boolean {
  return spawnSync(python, ['-c', 'from celery import Celery'], { stdio: 'ignore' }).status === 0;
}

/** A suite that needs Python with Celery; where there is none it is skipped and named on stderr. */
export function describeWithCelery(name: string, suite: (python: string) => void): void {
  const python = celeryPython();
  if (python !== undefined) return void describe(name, () => suite(python));
  process.stderr.write(`skipped, for no python3 has celery (TEST_CELERY_PYTHON names one): ${name}\n`);
  describe.skip(name, () => suite('python3'));
}

/**
 * Flag of the Celery workers that specs start: by gossip they read the events of all workers of a broker, and end at one that is no JSON.
 * Other spec files send such, to the same broker.
 */
export const WITHOUT_GOSSIP = '--without-gossip';
