import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { durationMs } from '@lovage/foundation';
import type { Env, GatewaySecrets, Settings } from '@lovage/settings';
import type { AppProcessSpec } from './child.ts';

export type AppName = 'gateway' | 'worker' | 'beat';

export interface AppSetup {
  readonly root: string;
  /** The directory of the kept build. Undefined: the apps are run from their sources. */
  readonly build?: string | undefined;
  readonly env: Env;
  readonly settings: Settings;
  readonly databaseUrl: string;
  readonly port: number;
  readonly secrets: GatewaySecrets;
  /** Where the build of the dashboard is, or will be. */
  readonly dashboardDir: string;
  /** The worker's flags. */
  readonly workerFlags: readonly string[];
}

/** All has ended within ten seconds of a Ctrl-C; the database needs what is left of them. */
const PATIENCE_MS = 7500;
/** What a worker needs beside its grace: aborted handlers tidy up for a second, then it requeues and closes, ms. */
const BESIDE_GRACE_MS = 2500;

function workerPatienceMs({ worker: { shutdownGrace } }: Settings): number {
  return Math.max(PATIENCE_MS, durationMs(shutdownGrace ?? 0) + BESIDE_GRACE_MS);
}

/** How an app is run: from the kept build, which names the lines of the sources in stack traces, or from its source. */
function programOf(name: AppName, { root, build }: AppSetup): string[] {
  if (build !== undefined) return ['--enable-source-maps', join(build, `apps/${name}/src/main.js`)];
  const hooks = pathToFileURL(join(root, 'tools/ts-hooks.mjs')).href;
  return ['--conditions=@lovage/source', '--import', hooks, join(root, `apps/${name}/src/main.ts`)];
}

export function appSpec(name: AppName, setup: AppSetup): AppProcessSpec {
  return {
    name,
    command: process.execPath,
    args: [...programOf(name, setup), ...(name === 'worker' ? setup.workerFlags : [])],
    cwd: setup.root,
    env: appEnv(name, setup),
    patienceMs: name === 'worker' ? workerPatienceMs(setup.settings) : PATIENCE_MS,
  };
}

/** The environment of one app: everything that was decided here, and no secret that it has no use for. */
function appEnv(
  name: AppName,
  { env, settings, databaseUrl, port, secrets, dashboardDir }: AppSetup,
): Record<string, string | undefined> {
  const shared = {
    // As in the image: each thread of V8 would take an arena of its own, some 4 MB a process.
    MALLOC_ARENA_MAX: '2',
    ...env,
    DATABASE_URL: databaseUrl,
    DATA_DIR: settings.dataDir,
    JWT_SECRET: undefined,
    ADMIN_EMAIL: undefined,
    ADMIN_PASSWORD: undefined,
  };
  if (name !== 'gateway') return shared;
  return {
    ...shared,
    PORT: String(port),
    DASHBOARD_DIR: dashboardDir,
    JWT_SECRET: secrets.jwtSecret,
    ADMIN_EMAIL: secrets.admin.email,
    ADMIN_PASSWORD: secrets.admin.password,
  };
}
