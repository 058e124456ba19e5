import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '../servers/postgres-server.ts';
import { RabbitNode } from '../servers/rabbit-node.ts';
import { missedBars, runScaling, type ScalingRunOptions } from './scaling-run.ts';

/** At the manifest's own pace: a quarter of an hour of cooling down for all. */
const PACE = { most: 4, speed: 1 } as const;
const RUNS: readonly (Pick<ScalingRunOptions, 'autoscaler' | 'tasks' | 'taskMs' | 'busy'> & { reaches: number })[] = [
  { autoscaler: 'keda', tasks: 20_000, taskMs: 200, reaches: 3 },
  { autoscaler: 'keda-rabbitmq', tasks: 20_000, taskMs: 200, reaches: 3 },
  { autoscaler: 'hpa', tasks: 6_000, taskMs: 20, busy: true, reaches: 2 },
];

describe('20,000 tasks, workers as the autoscalers of deploy/k8s start and stop them', () => {
  let dir: string;
  let rabbit: RabbitNode;
  let postgres: PostgresServer;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'lovage-scaling-'));
    rabbit = await RabbitNode.start(join(dir, 'rabbit'), { management: true });
    postgres = await PostgresServer.start(join(dir, 'postgres'));
  }, 180_000);
  afterAll(async () => {
    await postgres?.down();
    await rabbit?.dispose();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  test.each(RUNS)(
    '$autoscaler',
    async ({ reaches, ...run }) => {
      const name = `scaling_${run.autoscaler.replaceAll('-', '_')}`;
      const report = await runScaling({
        ...{ ...run, ...PACE, dir: join(dir, name), databaseUrl: await postgres.create(name) },
        ...{ brokerUrl: rabbit.url, managementUrl: rabbit.managementUrl },
      });
      process.stdout.write(`${JSON.stringify(report)}\n`);
      expect(missedBars(report, run.tasks)).toEqual([]);
      expect(report.most).toBeGreaterThanOrEqual(reaches);
      expect(report.left).toBe(run.autoscaler === 'hpa' ? 1 : 0);
    },
    2_400_000,
  );
});
