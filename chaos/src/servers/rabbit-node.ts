import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import amqp from 'amqplib';
import { ServerMissingError, type BrokerServer } from './broker-server.ts';
import { ChaosServer } from './child.ts';
import { freePort } from './free-port.ts';

/** Debian's own script in /usr/sbin insists on the user `rabbitmq`; what it wraps does not. */
const FOLDERS = ['/usr/lib/rabbitmq/bin', '/opt/homebrew/sbin', '/usr/local/sbin', '/usr/sbin'];
const START_PATIENCE_MS = 90_000;

/** No program `rabbitmq-server`. */
export class RabbitMissingError extends ServerMissingError {
  constructor() {
    super(
      'no rabbitmq-server on this machine: install RabbitMQ (apt-get install rabbitmq-server, brew install rabbitmq). ' +
        'The scenarios start a node of their own, apart from one that already runs; it is not enough to have one elsewhere.',
    );
  }
}

/** Folder of RabbitMQ's programs. @throws RabbitMissingError */
export function findRabbit(path = process.env['PATH'] ?? ''): string {
  for (const folder of [...FOLDERS, ...path.split(delimiter)]) {
    if (folder !== '' && ['rabbitmq-server', 'rabbitmqctl'].every((name) => isProgram(join(folder, name))))
      return folder;
  }
  throw new RabbitMissingError();
}

/** A RabbitMQ node of our own: own name, ports, data, cookie and port mapper, so that stopping it harms nobody. */
export class RabbitNode implements BrokerServer {
  readonly kind = 'rabbitmq';
  private child: ChaosServer | undefined;

  private constructor(
    private readonly programs: string,
    private readonly dir: string,
    private readonly port: number,
    private readonly managementPort: number | undefined,
    private readonly mapper: ChaosServer,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /**
   * Makes one in this folder, and starts it. `management`: with its plugin, whose counts are a second old. Default: without.
   * @throws RabbitMissingError
   */
  static async start(dir: string, options: { readonly management?: boolean } = {}): Promise<RabbitNode> {
    const programs = findRabbit();
    mkdirSync(dir, { recursive: true });
    const [port, distribution, mapperPort] = [await freePort(), await freePort(), await freePort()];
    const managementPort = options.management ? await freePort() : undefined;
    writeFileSync(join(dir, 'enabled_plugins'), managementPort === undefined ? '[].\n' : '[rabbitmq_management].\n');
    const lines = ['listeners.tcp.local = 127.0.0.1:' + port, 'log.file.level = warning'];
    if (managementPort !== undefined)
      lines.push(
        'management.tcp.ip = 127.0.0.1',
        `management.tcp.port = ${managementPort}`,
        'collect_statistics_interval = 1000',
      );
    writeFileSync(join(dir, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
    const env = {
      PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
      // The cookie that its tools show it is made and found there.
      HOME: dir,
      LANG: 'C.UTF-8',
      RABBITMQ_NODENAME: `lovage_chaos_${port}@localhost`,
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: join(dir, 'data'),
      RABBITMQ_LOG_BASE: join(dir, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
      RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq'),
      RABBITMQ_CONF_ENV_FILE: join(dir, 'no-rabbitmq-env.conf'),
      RABBITMQ_PID_FILE: join(dir, 'pid'),
      ERL_EPMD_PORT: String(mapperPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    };
    const mapper = new ChaosServer({ command: 'epmd', args: [], env, cwd: dir, logFile: join(dir, 'epmd.log') });
    const node = new RabbitNode(programs, dir, port, managementPort, mapper, env);
    try {
      await node.up();
    } catch (error) {
      await node.dispose();
      throw error;
    }
    return node;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  /** Of the plugin; undefined without it. */
  get managementUrl(): string | undefined {
    return this.managementPort === undefined ? undefined : `http://guest:guest@127.0.0.1:${this.managementPort}`;
  }

  async up(): Promise<void> {
    const logFile = join(this.dir, 'node.log');
    const command = join(this.programs, 'rabbitmq-server');
    const child = new ChaosServer({ command, args: [], env: this.env, cwd: this.dir, logFile });
    this.child = child;
    const deadline = performance.now() + START_PATIENCE_MS;
    while (!(await this.answers())) {
      if (!child.running || performance.now() > deadline) {
        throw new Error(`RabbitMQ did not start; it said:\n${readFileSync(logFile, 'utf8').slice(-3000)}`);
      }
      await sleep(50);
    }
  }

  async down(): Promise<void> {
    await this.child?.stop(30_000);
  }

  /** A crash. */
  async crash(): Promise<void> {
    await this.child?.kill();
  }

  /** Evaluates Erlang inside the node: the way to what no client may do. Takes a second or two. */
  async evaluate(expression: string): Promise<string> {
    const { stdout } = await promisify(execFile)(join(this.programs, 'rabbitmqctl'), ['eval', expression], {
      env: this.env,
      cwd: this.dir,
    });
    return stdout.trim();
  }

  /** Does something on a channel of a connection of its own. */
  async onChannel<T>(use: (channel: amqp.Channel) => Promise<T>): Promise<T> {
    const connection = await amqp.connect(this.url);
    // What is wrong shows in the call that waits; without a listener it would end the process.
    connection.on('error', () => undefined);
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      return await use(channel);
    } finally {
      await connection.close().catch(() => undefined);
    }
  }

  /** Messages that wait in a queue and are with no consumer. */
  async ready(queue: string): Promise<number> {
    try {
      return await this.onChannel(async (channel) => (await channel.checkQueue(queue)).messageCount);
    } catch (error) {
      if ((error as { code?: number }).code === 404) return 0;
      throw error;
    }
  }

  async version(): Promise<string> {
    const connection = await amqp.connect(this.url);
    try {
      return String(connection.connection.serverProperties.version);
    } finally {
      await connection.close();
    }
  }

  async dispose(): Promise<void> {
    await this.child?.stop();
    await this.mapper.kill();
  }

  private async answers(): Promise<boolean> {
    try {
      await this.onChannel(() => Promise.resolve());
      return true;
    } catch {
      return false;
    }
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
