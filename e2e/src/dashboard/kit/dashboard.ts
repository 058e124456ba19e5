import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, BrowserContext } from 'playwright-core';
import { PostgresBroker } from '@lovage/broker-postgres';
import { RabbitBroker } from '@lovage/broker-rabbitmq';
import { USER_ROLES, type UserRole } from '@lovage/http-api';
import { silentLog, testDatabase, type TestDatabase, type TestRabbit } from '@lovage/testing';
import { RunningPlatform, type RunningPlatformOptions } from '../../kit/platform.ts';
import type { Shape } from '../../kit/shapes.ts';
import { launchChromium } from './chromium.ts';
import { Visit, type VisitOptions } from './visit.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const run = promisify(execFile);

export type DashboardOptions = Omit<RunningPlatformOptions, 'command' | 'ownerUrl'>;

const emailOf = (role: UserRole): string => `${role}@example.org`;
/** Of every user but the first administrator. */
export const PASSWORD = 'a password of tests';

/** A message of JSON that need not be a task. */
export interface ForeignMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The platform with its dashboard, a browser, and a user of each role. */
export class Dashboard implements AsyncDisposable {
  private readonly complaints: string[] = [];
  private readonly contexts = new Map<UserRole, Promise<BrowserContext>>();

  private constructor(
    readonly platform: RunningPlatform,
    readonly browser: Browser,
    /** Where its tasks go and what its worker serves. */
    readonly queue: string,
    private readonly rabbit: TestRabbit | undefined,
    private readonly database: TestDatabase | undefined,
  ) {}

  /** @param shape the one to run in. Default: without RabbitMQ, on a database of the tests' server. */
  static async start(options: DashboardOptions = {}, shape?: Shape): Promise<Dashboard> {
    const { rabbit, queue = 'default' } = shape ?? {};
    const [database, folder] = await Promise.all([rabbit ? undefined : testDatabase(), buildDashboard()]);
    const env = {
      ...(database && { DATABASE_URL: database.url }),
      // What a browser submits names no queue.
      ...(rabbit && { TASK_ROUTES: `*=${queue}` }),
      DASHBOARD_DIR: folder,
      ...options.env,
    };
    const start = shape ? shape.start : (given: RunningPlatformOptions) => RunningPlatform.start(given);
    const [started, browser] = await Promise.allSettled([start({ ...options, env, root }), launchChromium()]);
    if (started.status === 'fulfilled' && browser.status === 'fulfilled') {
      const dashboard = new Dashboard(started.value, browser.value, queue, rabbit, database);
      await dashboard.makeUsers();
      return dashboard;
    }
    if (started.status === 'fulfilled') await started.value[Symbol.asyncDispose]();
    if (browser.status === 'fulfilled') await browser.value.close();
    await database?.drop();
    throw started.status === 'rejected' ? started.reason : (browser as PromiseRejectedResult).reason;
  }

  /** Of the pages, such as `http://127.0.0.1:41234/dashboard`. */
  get url(): string {
    return `${this.platform.rest.url}/dashboard`;
  }

  /**
   * A page of a user of this role, signed in: `await using visit = await dashboard().open('operator', '/queues')`. Pages of one
   * role are tabs of one browser profile. What the console complains of fails the test.
   */
  async open(role: UserRole, path = '/overview', options: VisitOptions = {}): Promise<Visit> {
    let context = this.contexts.get(role);
    if (!context) this.contexts.set(role, (context = this.signIn(role)));
    const visit = await Visit.open(await context, this.url, this.complaints, options);
    await visit.go(path);
    return visit;
  }

  /** A page of a browser profile of its own, with nobody signed in. */
  async stranger(path = '/', options: VisitOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext();
    const visit = await Visit.open(context, this.url, this.complaints, { ...options, ownContext: true });
    await visit.go(path);
    return visit;
  }

  /** What pages complained of since the last call and no test expected. */
  takeComplaints(): string[] {
    return this.complaints.splice(0);
  }

  /** Puts messages into its queue as they are, as another program could. */
  async publish(messages: readonly ForeignMessage[]): Promise<void> {
    const broker = this.rabbit
      ? new RabbitBroker({ url: this.rabbit.url, log: silentLog })
      : new PostgresBroker({ url: await this.platform.databaseUrl(), log: silentLog });
    await broker.start();
    try {
      for (const { headers, body } of messages)
        await broker.publish({
          ...{ queue: this.queue, headers, contentType: 'application/json', contentEncoding: 'utf-8' },
          body: Buffer.from(body),
        });
    } finally {
      await broker.stop();
    }
  }

  emailOf(role: UserRole): string {
    return emailOf(role);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.platform[Symbol.asyncDispose]();
    await this.database?.drop();
  }

  private async makeUsers(): Promise<void> {
    for (const role of USER_ROLES) {
      const body = { email: emailOf(role), password: PASSWORD, role };
      const answer = await this.platform.rest.ask('/api/users', { body });
      if (answer.status !== 201) throw new Error(`user ${role}: ${answer.status} ${answer.text}`);
    }
  }

  private async signIn(role: UserRole): Promise<BrowserContext> {
    const context = await this.browser.newContext();
    const visit = await Visit.open(context, this.url, this.complaints);
    await visit.go('/sign-in');
    await visit.signIn(emailOf(role), PASSWORD);
    await visit[Symbol.asyncDispose]();
    return context;
  }
}

/** Where the build of the sources as they are is; made by the first suite that asks. */
async function buildDashboard(): Promise<string> {
  const { stdout } = await run(process.execPath, ['tools/src/launcher/dashboard-build.mjs'], { cwd: root });
  return stdout.trim();
}
