import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { readRuns, RUNS_VARIABLE } from '../count/run-log.ts';
import { LoadClient } from '../load/rest.ts';
import { programsOf, type AppKind } from '../platform/program.ts';
import { ROOT } from '../root.ts';
import { ChaosServer, type ChaosServerSpec } from '../servers/child.ts';
import { freePort } from '../servers/free-port.ts';
import { Autoscaling, type Look } from './autoscaling.ts';
import { readAutoscaler, readWorker, type AutoscalerName } from './manifests.ts';
import { TriggerReader } from './trigger-reader.ts';
import { podLog, WorkerPods } from './worker-pods.ts';

const BATCH = 500;

export interface ScalingRunOptions {
  readonly autoscaler: AutoscalerName;
  /** Folder for logs and data. */
  readonly dir: string;
  /** With all migrations. */
  readonly databaseUrl: string;
  /** Undefined: the embedded broker, in that database. */
  readonly brokerUrl: string | undefined;
  /** Of RabbitMQ's plugin; only `keda-rabbitmq` asks it. */
  readonly managementUrl?: string | undefined;
  /** Variables of the apps beyond those of the manifests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly tasks: number;
  /** How long each task runs, ms. */
  readonly taskMs: number;
  /** It takes a core for that time: it is CPU that workers lack. Default: it waits. */
  readonly busy?: boolean;
  /** As many workers as the machine has room for; the manifest's maximum where that is less. */
  readonly most: number;
  /** How many times faster than the manifest's seconds the autoscaler goes; tasks and processes do not. */
  readonly speed: number;
  onLook?(look: Look): void;
}

export interface ScalingReport {
  readonly tasks: number;
  /** Accepted, and not ended well. */
  readonly lost: number;
  /** Tasks that have used up an attempt, or are suspected. */
  readonly burnt: number;
  readonly runTwice: number;
  /** The most workers there were. */
  readonly most: number;
  /** How often the count went from growing to shrinking, or back. */
  readonly reversals: number;
  /** Workers at the end. */
  readonly left: number;
  /** From submit to start: of the first task, and by percentile of all, s. */
  readonly firstStartSeconds: number;
  readonly waitP50Seconds: number;
  readonly waitP95Seconds: number;
  /** From a worker's start to its readiness, s. */
  readonly startUpP95Seconds: number;
  readonly workersStarted: number;
  /** From the first submit to the end of the last task, and to the last worker's end, s. */
  readonly doneSeconds: number;
  readonly tookSeconds: number;
  readonly stopMaxSeconds: number;
  readonly counts: readonly number[];
  readonly badEnds: readonly string[];
  readonly unread: ReadonlyMap<string, number>;
}

/** A day of a deployment: nobody, a flood of tasks, nobody again, by an autoscaler of the manifests. */
export async function runScaling(options: ScalingRunOptions): Promise<ScalingReport> {
  const { dir, databaseUrl, tasks } = options;
  mkdirSync(dir, { recursive: true });
  const stage = await Apps.start(options);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  // Its connection may outlive `end` for a moment, and be ended with the database.
  pool.on('error', () => undefined);
  const worker = readWorker();
  const pods = new WorkerPods({ spec: (n) => stage.worker(n, worker.env), graceSeconds: worker.graceSeconds });
  try {
    const manifest = readAutoscaler(options.autoscaler);
    const spec = { ...manifest, max: Math.min(manifest.max, options.most) };
    const { url: gatewayUrl, apiKey } = stage;
    const triggers = new TriggerReader({
      gatewayUrl,
      apiKey,
      managementUrl: options.managementUrl,
      speed: options.speed,
    });
    const { speed, onLook } = options;
    const scaling = new Autoscaling({ spec, pods, triggers, speed, ...(onLook && { onLook }) });
    const began = performance.now();
    let ended: number | undefined;
    const accepted = new Set<string>();
    const submitted = stage.submit(options, accepted);
    submitted.catch(() => undefined);
    await scaling.run(async () => {
      if (ended === undefined) {
        const open = await count(pool, 'select count(*)::int as n from tasks where finished_at is null');
        if (open > 0 || accepted.size < tasks) {
          if (performance.now() - began > patienceMs(options)) throw new Error(`${open} tasks have not ended`);
          return false;
        }
        ended = performance.now();
      }
      return pods.count.replicas <= spec.min;
    });
    await submitted;
    const left = pods.count.replicas;
    await pods.none();
    const [times] = (
      await pool.query<Record<'first' | 'p50' | 'p95', number>>(
        `select min(extract(epoch from started_at - created_at))::float8 as least,
           (select extract(epoch from min(started_at) - min(created_at))::float8 from tasks where name like 'chaos.%') as first,
           percentile_cont(0.5) within group (order by extract(epoch from started_at - created_at))::float8 as p50,
           percentile_cont(0.95) within group (order by extract(epoch from started_at - created_at))::float8 as p95
         from tasks where name like 'chaos.%'`,
      )
    ).rows;
    const well = await count(
      pool,
      "select count(*)::int as n from tasks where name like 'chaos.%' and state = 'SUCCESS'",
    );
    const burnt = `select count(*)::int as n from tasks t where retries > 0 or suspected > 0
       or exists (select from attempts a where a.task_id = t.id and a.outcome <> 'RELEASED')`;
    const counts = countsOf(scaling.looks);
    return {
      ...{ tasks: accepted.size, lost: accepted.size - well, burnt: await count(pool, burnt) },
      runTwice: [...readRuns(join(dir, 'runs')).values()].filter((runs) => runs > 1).length,
      ...{ most: Math.max(...counts), reversals: reversalsOf(counts), left, counts },
      ...{ firstStartSeconds: times!.first, waitP50Seconds: times!.p50, waitP95Seconds: times!.p95 },
      startUpP95Seconds: percentile(pods.startUps, 0.95) / 1000,
      workersStarted: pods.startUps.length,
      doneSeconds: (ended! - began) / 1000,
      tookSeconds: (performance.now() - began) / 1000,
      stopMaxSeconds: Math.max(0, ...pods.stops) / 1000,
      ...{ badEnds: pods.badEnds, unread: triggers.failures },
    };
  } finally {
    await pods.none();
    await stage.stop();
    await pool.end();
  }
}

/** Bars that a run has missed, in words. */
export function missedBars(report: ScalingReport, wanted: number): string[] {
  const missed: string[] = [];
  if (report.tasks !== wanted) missed.push(`only ${report.tasks} of ${wanted} tasks were accepted`);
  if (report.lost > 0) missed.push(`${report.lost} tasks were lost`);
  if (report.burnt > 0) missed.push(`${report.burnt} tasks used up an attempt`);
  if (report.reversals > 1) missed.push(`the number of workers flaps: ${report.counts.join(' ')}`);
  missed.push(...report.badEnds);
  return missed;
}

/** One worker does everything, and a machine is slow. */
const patienceMs = ({ tasks, taskMs }: ScalingRunOptions): number => 300_000 + tasks * Math.max(taskMs, 20);

/** The number of workers over time, each change once. */
function countsOf(looks: readonly Look[]): number[] {
  const counts = looks.slice(0, 1).map(({ from }) => from);
  for (const { to } of looks) if (to !== counts.at(-1)) counts.push(to);
  return counts;
}

function reversalsOf(counts: readonly number[]): number {
  const ways = counts.slice(1).map((n, at) => Math.sign(n - counts[at]!));
  return ways.filter((way, at) => at > 0 && way !== ways[at - 1]).length;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

async function count(pool: pg.Pool, sql: string): Promise<number> {
  return (await pool.query<{ n: number }>(sql)).rows[0]!.n;
}

/** Gateway and beat, which are there all the time. */
class Apps {
  private constructor(
    private readonly servers: readonly ChaosServer[],
    private readonly specOf: SpecOf,
    readonly url: string,
    private readonly client: LoadClient,
    readonly apiKey: string,
    private readonly dir: string,
  ) {}

  static async start(options: ScalingRunOptions): Promise<Apps> {
    const { dir } = options;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const admin = { email: 'scaling@lovage.local', password: randomBytes(12).toString('hex') };
    const programs = await programsOf('preload/preload.ts');
    const specOf: SpecOf = (app, logFile, env) => ({
      command: process.execPath,
      args: programs[app],
      env: {
        ...{ PATH: process.env['PATH'] ?? '', HOME: dir, DATA_DIR: join(dir, 'data') },
        ...{ DATABASE_URL: options.databaseUrl, [RUNS_VARIABLE]: join(dir, 'runs') },
        ...(options.brokerUrl !== undefined && { BROKER_URL: options.brokerUrl }),
        ...options.env,
        ...env,
      },
      ...{ cwd: ROOT, logFile, ipc: true },
    });
    const gateway = { PORT: String(port), ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password };
    const secret = { JWT_SECRET: randomBytes(32).toString('hex') };
    const servers = [
      new ChaosServer(specOf('gateway', join(dir, 'gateway.log'), { ...gateway, ...secret })),
      new ChaosServer(specOf('beat', join(dir, 'beat.log'), {})),
    ];
    try {
      await Promise.all(servers.map((server) => readyOf(server)));
      return new Apps(servers, specOf, url, new LoadClient([url], admin), await keyOf(url, admin), dir);
    } catch (error) {
      await Promise.all(servers.map((server) => server.kill()));
      throw error;
    }
  }

  worker(n: number, env: Readonly<Record<string, string>>): ChaosServerSpec {
    const settings = Object.entries(env).filter(([name]) => name.startsWith('WORKER_') && !name.endsWith('_PORT'));
    return this.specOf('worker', podLog(this.dir, n), {
      ...Object.fromEntries(settings),
      WORKER_NAME: `worker-${n}@scaling`,
    });
  }

  /** As fast as the gateway takes them; ids go into `accepted`. */
  async submit({ tasks, taskMs, busy }: ScalingRunOptions, accepted: Set<string>): Promise<void> {
    const name = busy ? 'chaos.burn' : 'chaos.step';
    for (let n = 0; n < tasks; n += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, tasks - n) }, (_, at) => n + at);
      const items = await this.client.submit(
        numbers.map((no) => ({ name, input: { n: no, ms: taskMs }, options: { queue: 'default' } })),
      );
      for (const item of items) if ('task' in item) accepted.add(item.task.id);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

type SpecOf = (app: AppKind, logFile: string, env: Readonly<Record<string, string>>) => ChaosServerSpec;

async function readyOf(server: ChaosServer): Promise<void> {
  const how = await Promise.race([server.ready, server.exit]);
  if (how !== undefined) throw new Error(`an app ended with ${how} before it was ready`);
}

/** An API key of a viewer, as docs/kubernetes.md has it made. */
async function keyOf(url: string, admin: object): Promise<string> {
  const post = async (path: string, body: object, headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await fetch(new URL(path, url), {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', ...headers },
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { accessToken } = (await post('/api/auth/login', admin, {})) as { accessToken: string };
  const body = { name: 'scaler', role: 'viewer' };
  return ((await post('/api/api-keys', body, { authorization: `Bearer ${accessToken}` })) as { key: string }).key;
}
