import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { describeWithRabbit, eventually, startProcess, type TestProcess } from '@lovage/testing';
import { RepositoryClone } from './kit/clone.ts';
import { endings, watchEndings } from './kit/endings.ts';
import { UNSET, type PlatformApp } from './kit/platform.ts';
import { productionDatabase, type ProductionDatabase } from './kit/production-database.ts';
import { RestClient } from './kit/rest.ts';
import { versionBefore, type VersionBefore } from './kit/version-before.ts';

const here = fileURLToPath(new URL('../..', import.meta.url));
const ADMIN = { email: 'upgrade@lovage.local', password: randomBytes(12).toString('hex') };
/** Of each worker: some tasks run and some wait at every moment. */
const CONCURRENCY = 20;
/** Between two submits of the load: some 50 tasks a second, of 0.2 s on average. */
const EVERY_MS = 20;
/** From the sources of a fresh clone, on a busy machine. */
const READY_MS = 120_000;

const APPS = ['worker', 'beat', 'gateway'] as const;

type Age = 'old' | 'new';
const READY: Record<PlatformApp, RegExp> = {
  gateway: /ready url=(http\S+)/,
  worker: /worker ready/,
  beat: /beat ready/,
};

/** What both versions use. */
interface Servers {
  readonly queue: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Submitted {
  readonly id: string;
  readonly by: Age;
  readonly state: 'SUCCESS' | 'FAILURE' | 'REVOKED';
}

/** Two versions of the platform on one database and one broker, and a load on their gateways. */
class TwoVersions {
  readonly submitted: Submitted[] = [];
  readonly running = new Map<string, TestProcess>();
  private readonly gateways = new Map<Age, RestClient>();
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'lovage-upgrade-'));
  private readonly secret = randomBytes(32).toString('hex');
  private readonly client: pg.Client;
  private loading: Promise<void> | undefined;
  private loaded = false;
  private readonly queue: string;

  constructor(
    private readonly roots: Record<Age, string>,
    ownerUrl: string,
    private readonly servers: Servers,
  ) {
    this.queue = servers.queue;
    this.client = new pg.Client({ connectionString: ownerUrl });
  }

  async open(): Promise<void> {
    await this.client.connect();
    await watchEndings(this);
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, values)).rows;
  }

  /** All three apps, from the sources of that version. */
  async start(age: Age): Promise<void> {
    const starts = await Promise.allSettled(APPS.map((app) => this.startApp(age, app)));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
    const url = READY.gateway.exec(await this.app(age, 'gateway').line(READY.gateway))![1]!;
    const rest = new RestClient(url, this.queue);
    await rest.logIn(ADMIN.email, ADMIN.password);
    this.gateways.set(age, rest);
  }

  app(age: Age, app: PlatformApp): TestProcess {
    return this.running.get(`${age} ${app}`)!;
  }

  rest(age: Age): RestClient {
    return this.gateways.get(age)!;
  }

  async submit(
    by: Age,
    name: string,
    input: unknown,
    state: Submitted['state'],
    options: object = {},
  ): Promise<string> {
    const body = { input, options: { queue: this.queue, ...options } };
    const answer = await this.rest(by).ask(`/api/tasks/${name}`, { body });
    if (answer.status !== 202) throw new Error(`submit by the ${by} gateway: ${answer.status} ${answer.text}`);
    const { id } = answer.json<{ id: string }>();
    this.submitted.push({ id, by, state });
    return id;
  }

  /** Submits to every gateway that is up, one after another, until {@link endLoad}. */
  load(): void {
    this.loading = (async () => {
      for (let n = 0; !this.loaded; n += 1) {
        for (const by of this.gateways.keys()) {
          if (n % 10 === 0) await this.submit(by, 'math.divide', { x: n, y: 0 }, 'FAILURE');
          // A part of them waits for its time meanwhile.
          else {
            const later = n % 10 === 1 ? { delay: '3s' } : {};
            const input = { seconds: 0.05 * (1 + (n % 7)), value: n };
            await this.submit(by, 'demo.wait_and_return', input, 'SUCCESS', later);
          }
        }
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    })();
    // Awaited by `endLoad`.
    this.loading.catch(() => undefined);
  }

  async endLoad(): Promise<void> {
    this.loaded = true;
    await this.loading;
  }

  /** How many of the load, submitted by this version's gateway, were ended by that version's worker. */
  async endedBy(worker: Age, by: Age): Promise<number> {
    const ids = this.submitted.filter((one) => one.by === by).map(({ id }) => id);
    const [row] = await this.query<{ n: number }>(
      'select count(*)::int as n from tasks where id = any($1) and finished_at is not null and worker = $2',
      [ids, nameOf(worker)],
    );
    return row!.n;
  }

  /** Submits a task for the worker of one version alone, and resolves when it runs there. */
  async runningAt(worker: Age, by: Age, seconds: number, state: Submitted['state']): Promise<string> {
    const queue = `${this.queue}.${worker}`;
    const id = await this.submit(by, 'demo.wait_and_return', { seconds, value: 0 }, state, { queue });
    await eventually(async () => (await this.rest(by).task(id)).state === 'STARTED', { timeoutMs: 20_000 });
    return id;
  }

  /** An orderly stop of a version's app; how it ended. */
  async stop(age: Age, app: PlatformApp): Promise<number | null> {
    if (app === 'gateway') this.gateways.delete(age);
    return (await this.app(age, app).stop({ timeoutMs: 30_000 })).code;
  }

  async close(): Promise<void> {
    this.loaded = true;
    await this.loading?.catch(() => undefined);
    await Promise.all([...this.running.values()].map((process) => process.stop()));
    await this.client.end();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async startApp(age: Age, app: PlatformApp): Promise<void> {
    const root = this.roots[age];
    const hooks = pathToFileURL(join(root, 'tools/ts-hooks.mjs')).href;
    const flags = ['--conditions=@lovage/source', '--import', hooks];
    const process_ = await startProcess(process.execPath, [...flags, join(root, `apps/${app}/src/main.ts`)], {
      cwd: root,
      env: {
        ...UNSET,
        ...this.servers.env,
        ...{ DATA_DIR: this.dataDir, LOG_LEVEL: 'info', NODE_ENV: '', PORT: '0' },
        ...{ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, JWT_SECRET: this.secret },
        ...{ WORKER_NAME: nameOf(age), WORKER_CONCURRENCY: String(CONCURRENCY) },
        WORKER_QUEUES: `${this.queue},${this.queue}.${age}`,
      },
      ready: READY[app],
      timeoutMs: READY_MS,
    });
    this.running.set(`${age} ${app}`, process_);
  }
}

function nameOf(age: Age): string {
  return `${age}@upgrade`;
}

function upgrade(broker: string, open: (db: ProductionDatabase) => Servers): void {
  let before: VersionBefore;
  let clone: RepositoryClone;
  let db: ProductionDatabase;
  let both: TwoVersions;
  beforeAll(async () => {
    before = await versionBefore();
    process.stdout.write(
      `upgrade from ${before.commit.slice(0, 8)} (${before.rule}), ${before.missing.length} migrations behind (${broker})\n`,
    );
    clone = await RepositoryClone.make(before.commit);
    db = await productionDatabase(clone.root);
    both = new TwoVersions({ old: clone.root, new: here }, db.ownerUrl, open(db));
    await both.open();
    await both.start('old');
  }, 300_000);
  afterAll(async () => {
    await both?.close();
    await db?.drop();
    clone?.[Symbol.dispose]();
  }, 60_000);

  const applied = async (): Promise<string[]> =>
    (
      await both.query<{ name: string }>(
        'select migration_name as name from _prisma_migrations where finished_at is not null',
      )
    ).map(({ name }) => name);

  test('the database is migrated under a running old worker; then both versions run each other’s tasks', async () => {
    expect(before.missing.filter((name) => name.startsWith('20')).length).toBeGreaterThan(0);
    expect(await applied()).not.toEqual(expect.arrayContaining([before.missing[0]]));
    const across = await both.runningAt('old', 'old', 12, 'SUCCESS');
    both.load();
    await eventually(async () => (await both.endedBy('old', 'old')) > 50, { timeoutMs: 60_000 });

    const [ended, began] = [await both.endedBy('old', 'old'), performance.now()];
    await db.migrate();
    const tookMs = performance.now() - began;
    const meanwhile = (await both.endedBy('old', 'old')) - ended;
    expect(await applied()).toEqual(expect.arrayContaining([...before.missing]));
    expect(meanwhile).toBeGreaterThan(0);
    expect(await both.rest('old').ended(across, { timeoutMs: 30_000 })).toMatchObject({ worker: nameOf('old') });
    const after = await both.endedBy('old', 'old');
    await eventually(async () => (await both.endedBy('old', 'old')) > after + 50, { timeoutMs: 60_000 });

    await both.start('new');
    for (const worker of ['old', 'new'] as const)
      for (const by of ['old', 'new'] as const)
        await eventually(async () => (await both.endedBy(worker, by)) > 30, { timeoutMs: 60_000 });
    // Each version cancels what runs at the other.
    for (const [worker, by] of [
      ['old', 'new'],
      ['new', 'old'],
    ] as const) {
      const id = await both.runningAt(worker, worker, 600, 'REVOKED');
      const answer = await both.rest(by).ask(`/api/tasks/${id}/revoke`, { body: { terminate: true } });
      expect(answer.status).toBe(200);
      expect(await both.rest(by).ended(id)).toMatchObject({ state: 'REVOKED', worker: nameOf(worker) });
    }

    // What the old one cannot finish goes to the new one.
    const long = await Promise.all(
      Array.from({ length: 3 }, () => both.submit('old', 'demo.wait_and_return', { seconds: 15, value: 0 }, 'SUCCESS')),
    );
    await eventually(
      async () =>
        (await Promise.all(long.map((id) => both.rest('new').task(id)))).every(({ state }) => state === 'STARTED'),
      { timeoutMs: 20_000 },
    );
    expect(await both.stop('old', 'worker')).toBe(0);
    expect(await both.stop('old', 'beat')).toBe(0);
    const last = await both.endedBy('new', 'old');
    await eventually(async () => (await both.endedBy('new', 'old')) > last + 30, { timeoutMs: 60_000 });
    await both.endLoad();
    expect(await both.stop('old', 'gateway')).toBe(0);

    const open = async () =>
      (await both.query<{ n: number }>('select count(*)::int as n from tasks where finished_at is null'))[0]!.n;
    await eventually(async () => (await open()) === 0, { timeoutMs: 90_000 });
    const seen = (await endings(both)).map(({ task_id, state }) => `${task_id} ${state}`).sort();
    const wanted = both.submitted.map(({ id, state }) => `${id} ${state}`).sort();
    expect(seen).toEqual(wanted);
    for (const id of long) expect(await both.rest('new').task(id)).toMatchObject({ worker: nameOf('new') });
    process.stdout.write(
      `${wanted.length} tasks ended once each; migrated in ${(tookMs / 1000).toFixed(1)} s, ${meanwhile} ended meanwhile (${broker})\n`,
    );
  }, 400_000);
}

describeWithRabbit('an upgrade from the version before, with RabbitMQ', (rabbit) =>
  upgrade('RabbitMQ', ({ url }) => {
    const queue = rabbit.queue('upgrade');
    rabbit.alsoDelete(`${queue}.old`, `${queue}.new`);
    const dead = rabbit.queue('dead');
    rabbit.alsoDeleteExchanges(dead);
    return { queue, env: { DATABASE_URL: url, BROKER_URL: rabbit.url, DEAD_LETTER_QUEUE: dead } };
  }),
);

describe('an upgrade from the version before, with the broker in the database', () =>
  // The broker makes its tables by itself, as their owner.
  upgrade('PostgreSQL', ({ ownerUrl }) => ({ queue: 'default', env: { DATABASE_URL: ownerUrl } })));
