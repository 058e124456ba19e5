import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RUNS_VARIABLE } from '../count/run-log.ts';
import { ROOT } from '../root.ts';
import { freePort } from '../servers/free-port.ts';
import { App } from './app.ts';
import { programsOf, type AppKind } from './program.ts';

export interface FleetOptions {
  /** Folder for logs and data. */
  readonly dir: string;
  readonly databaseUrl: string;
  readonly brokerUrl: string;
  readonly queue: string;
  readonly workers: number;
  readonly gateways: number;
  readonly beats: number;
  /** Tasks at a time, each worker. */
  readonly concurrency: number;
  /** Variables of one app beyond what all have; `no` counts from 0 within its kind. */
  env?(kind: AppKind, no: number): Readonly<Record<string, string>>;
}

/** The platform's processes: gateways, beats and workers, by the entry points that ship. */
export class Fleet {
  private constructor(
    readonly gateways: readonly App[],
    readonly beats: readonly App[],
    readonly workers: readonly App[],
    /** Of the gateways, in their order. */
    readonly urls: readonly string[],
    readonly admin: { readonly email: string; readonly password: string },
  ) {}

  static async start(options: FleetOptions): Promise<Fleet> {
    mkdirSync(options.dir, { recursive: true });
    const ports: number[] = [];
    while (ports.length < options.gateways) ports.push(await freePort());
    const secret = randomBytes(32).toString('hex');
    const admin = { email: 'chaos@lovage.local', password: randomBytes(12).toString('hex') };
    const shared = {
      PATH: process.env['PATH'] ?? '',
      HOME: options.dir,
      DATABASE_URL: options.databaseUrl,
      BROKER_URL: options.brokerUrl,
      DATA_DIR: join(options.dir, 'data'),
      LOG_LEVEL: 'info',
      [RUNS_VARIABLE]: runsIn(options.dir),
    };
    const of: Record<AppKind, (no: number) => Record<string, string>> = {
      gateway: (no) => ({
        PORT: String(ports[no]),
        JWT_SECRET: secret,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
      }),
      beat: () => ({}),
      worker: (no) => ({
        WORKER_QUEUES: options.queue,
        WORKER_CONCURRENCY: String(options.concurrency),
        WORKER_NAME: `worker-${no}@chaos`,
      }),
    };
    const programs = await programsOf('preload/preload.ts');
    const make = (kind: AppKind, no: number): App => {
      const name = kind === 'gateway' && options.gateways === 1 ? kind : `${kind}-${no}`;
      return new App(name, {
        command: process.execPath,
        args: programs[kind],
        env: { ...shared, ...of[kind](no), ...options.env?.(kind, no) },
        cwd: ROOT,
        logFile: join(options.dir, `${name}.log`),
        ipc: true,
      });
    };
    const many = (kind: AppKind, count: number): App[] => Array.from({ length: count }, (_, no) => make(kind, no));
    const fleet = new Fleet(
      many('gateway', options.gateways),
      many('beat', options.beats),
      many('worker', options.workers),
      ports.map((port) => `http://127.0.0.1:${port}`),
      admin,
    );
    await Promise.all(fleet.all.map((app) => app.start()));
    return fleet;
  }

  get all(): readonly App[] {
    return [...this.gateways, ...this.beats, ...this.workers];
  }

  get gateway(): App {
    return this.gateways[0]!;
  }

  /** Stops these, or all, in order; names those that did not end well. */
  async stop(apps: readonly App[] = this.all): Promise<string[]> {
    const ends = await Promise.all(apps.map(async (app) => [app.name, await app.stop()] as const));
    return ends.filter(([, how]) => how !== 'code 0').map(([name, how]) => `${name} ended with ${how}`);
  }
}

/** Where the handlers of a fleet in this folder count their runs. */
export function runsIn(dir: string): string {
  return join(dir, 'runs');
}
