import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '@lovage/testing';
import { missedBars, runScaling } from './scaling-run.ts';

// Started and stopped as the manifest says, but in a minute: its whole size is `scaling.nightly.spec.ts`.
test('on the embedded broker: from none to two real workers and back to none, without a lost task', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lovage-scaling-'));
  const db = await testDatabase();
  try {
    const report = await runScaling({
      ...{ autoscaler: 'keda', dir, databaseUrl: db.url, brokerUrl: undefined },
      ...{ tasks: 200, taskMs: 500, most: 2, speed: 40 },
    });
    expect(missedBars(report, 200)).toEqual([]);
    expect(report).toMatchObject({ tasks: 200, lost: 0, burnt: 0, runTwice: 0, most: 2, left: 0 });
    expect(report.unread.size).toBe(0);
  } finally {
    await db.drop();
    rmSync(dir, { recursive: true, force: true });
  }
}, 300_000);
