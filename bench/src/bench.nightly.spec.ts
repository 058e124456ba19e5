import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeWithRabbit, startTypeScript, testServerUrl } from '@lovage/testing';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

describeWithRabbit('a run', (rabbit) => {
  test('measures ours and the reference, reports, and says by its exit whether the bars are met', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lovage-bench-spec-'));
    const json = join(folder, 'out.json');
    const only = ['unrecorded', 'latency', 'backlog'].flatMap((name) => ['--only', name]);
    try {
      await using bench = await startTypeScript(
        main,
        [...only, '--json', json, '--rounds', '1', '--tasks', '50', '--seconds', '1'],
        { env: { BENCH_AMQP_URL: rabbit.url, BENCH_DATABASE_URL: await testServerUrl() } },
      );
      const { code } = await bench.exit;
      const { rows } = JSON.parse(await readFile(json, 'utf8')) as { rows: { name: string; met?: boolean }[] };
      // Nothing is said here about speed: fifty tasks on a machine that runs tests.
      expect(code).toBe(rows.some(({ met }) => met === false) ? 1 : 0);
      // Record none stands against two loops: one that acks each message, and one that acks them together.
      expect(rows.map(({ name }) => name)).toEqual([
        "drain, record: 'none'",
        "drain, record: 'none'",
        'latency at 50/s, p50',
        'latency at 50/s, p95',
        'latency at 50/s, p99',
        'drain with 250 waiting',
      ]);
      for (const row of rows) {
        expect(row).toMatchObject({ measured: expect.any(Number) as unknown, ratio: expect.any(Number) as unknown });
        expect(bench.output).toContain(row.name);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
