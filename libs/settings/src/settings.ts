import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import { type Duration, QUEUE_TEXT_RULE, type TaskRoutes } from '@lovage/foundation';
import { type CelerySharedSettings, readCelerySharedSettings } from './celery-results-settings.ts';
import { readCelerySettings, readWatchCelery, type CelerySettings } from './celery-settings.ts';
import { type ChildrenSettings, readChildrenSettings } from './children-settings.ts';
import { type HttpSettings, readHttpSettings } from './http-settings.ts';
import {
  bounds,
  brokerUrl,
  bytesUpTo,
  databaseUrl,
  durationFrom,
  emailAddress,
  oneOf,
  queueName,
  queueNames,
  serverUrl,
  wholeNumber,
  workerName,
} from './parsers.ts';
import { type Env, Reader } from './reader.ts';
import { type HistorySettings, readHistorySettings } from './history-settings.ts';
import { readResultsSettings, type ResultsSettings } from './results-settings.ts';
import {
  type FilesSettings,
  type MailSettings,
  readFilesSettings,
  readMailSettings,
  readWebhookSettings,
  type WebhookSettings,
} from './task-settings.ts';
import { readTaskRoutes } from './task-routes.ts';
import { readWorkerFlags } from './worker-flags.ts';

export type Mode = 'development' | 'production' | 'test';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Who reads the settings: it decides what must be there. `any` asks for nothing beyond well-formed values. */
export type SettingsReader = 'gateway' | 'worker' | 'beat' | 'launcher' | 'any';

/** All settings of a process, with defaults filled in. */
export interface Settings {
  /** `NODE_ENV`. Default `development`. Production requires the secrets that development makes for itself. */
  readonly mode: Mode;
  /** `LOG_LEVEL`, `-l`. Default `info`. */
  readonly logLevel: LogLevel;
  /** `DATA_DIR`, absolute. Default `.lovage` in the working directory: the embedded database, written files, made secrets. */
  readonly dataDir: string;
  /** `DATABASE_URL`. Undefined: the embedded server, which the launcher runs. An app itself always has one. */
  readonly databaseUrl: string | undefined;
  /** `BROKER_URL`. Undefined: the broker in the database. Whether an adapter serves its scheme is seen when it is opened. */
  readonly brokerUrl: string | undefined;
  /** `BROKER_MANAGEMENT_URL`: RabbitMQ's management plugin, which the gateway asks for messages in delivery. Default: it asks nobody. */
  readonly brokerManagementUrl: string | undefined;
  /**
   * `DEAD_LETTER_QUEUE`: where the broker puts what was refused or given up. Default `lovage.dead`. The same for all processes of a
   * platform, and another for each of several that share a virtual host of RabbitMQ.
   */
  readonly deadLetterQueue: string | undefined;
  /** `TASK_ROUTES`: where tasks go by their names. Default: where their contracts say. */
  readonly routes: TaskRoutes;
  readonly celery: CelerySharedSettings;
  /**
   * `BEAT_CELERY_EVENTS`: beats listen to the events of Celery's workers at the broker, and show them and their tasks. Default on; off: no
   * row is made of them, as where the virtual host is shared with a fleet of somebody else's.
   */
  readonly watchCelery: boolean;
  readonly http: HttpSettings;
  /** What the gateway signs and makes its first user with. Undefined parts are made in development, see `gatewaySecrets`. */
  readonly secrets: { readonly jwtSecret: string | undefined; readonly admin: Admin | undefined };
  readonly worker: WorkerSettings;
  readonly files: FilesSettings;
  readonly mail: MailSettings;
  readonly webhooks: WebhookSettings;
  readonly results: ResultsSettings;
  readonly history: HistorySettings;
}

export interface WorkerSettings {
  /** `WORKER_QUEUES`, `-Q`. Default `default`. */
  readonly queues: readonly string[];
  /** `WORKER_CONCURRENCY`, `-c`: tasks at a time in the `async` pool. Default 10 a core, since its handlers mostly wait. */
  readonly concurrency: number;
  /**
   * `WORKER_AUTOSCALE`, `--autoscale`: `max,min`. The pool of {@link pool} fits itself to what there is to do, and begins with `min`;
   * {@link concurrency} then does not decide about it. Default: it keeps its size.
   */
  readonly autoscale: { readonly max: number; readonly min: number } | undefined;
  /**
   * `WORKER_PREFETCH_MULTIPLIER`, `--prefetch-multiplier`: messages held per slot and queue. Default 4. 1 for long tasks, of which a
   * worker then holds none that another could run; more, such as 10, for very short ones.
   */
  readonly prefetchMultiplier: number | undefined;
  /**
   * `WORKER_SHUTDOWN_GRACE`: how long running tasks may go on after SIGTERM before they are aborted and requeued. Default
   * 5 s. The sender of the signal has to wait as long, and some seconds more.
   */
  readonly shutdownGrace: Duration | undefined;
  /**
   * `UNSERVED_TIMEOUT`: how long a task may wait while no live worker serves its contract; then it ends FAILURE and its message is a
   * dead letter. Default `never`: it waits for ever.
   */
  readonly unserved: Duration | 'never' | undefined;
  /** `UNSERVED_ROWLESS_TIMEOUT`: the same of tasks without a row, and of those of Celery callers. Default 1 h. */
  readonly unservedRowless: Duration | 'never' | undefined;
  /** `RESULT_LIMIT`, bytes as JSON: largest result of a contract that does not say it. Default 10 MiB. A larger one fails its task. */
  readonly resultLimit: number | undefined;
  /** `WORKER_NAME`, `-n`. Default `worker-<pid>@<host>`. */
  readonly name: string;
  /**
   * `WORKER_POOL`, `-P`: where handlers run whose contracts do not say it. Default `async`: in the worker's event loop. `thread`,
   * `process`: one at a time in each child.
   */
  readonly pool: 'async' | 'thread' | 'process';
  readonly children: ChildrenSettings;
  readonly celery: CelerySettings;
  /** `TASK_LOG_LEVEL`: least level of `task.log` that is kept with its task. Default `info`; `off`: none. */
  readonly taskLogLevel: 'debug' | 'info' | 'warn' | 'error' | 'off';
  /**
   * `WORKER_FAILURE_LOG_LEVEL`: which failed attempts the worker's log tells of. Default `warn`: all. `error`: those that end their task
   * with an error that its contract does not declare. `off`: none.
   */
  readonly failureLogLevel: 'warn' | 'error' | 'off';
  /** `WORKER_METRICS_PORT`: where the worker serves `/metrics` and `/health/live`, on `HOST`. Default: nowhere. 0: a free port. */
  readonly metricsPort: number | undefined;
  /** `WORKER_HEALTH_PORT`: where the worker serves `/health/live` and `/health/ready`, on `HOST`. Default: nowhere. 0: a free port. */
  readonly healthPort: number | undefined;
}

/** The first administrator, made when there is no user. */
export interface Admin {
  readonly email: string;
  readonly password: string;
}

const MIN_SECRET_BYTES = 32;
const MIN_PASSWORD = 8;

/**
 * The process's settings from its environment, and from a worker's flags, which win.
 * @param argv arguments after the script's name.
 * @throws SettingError naming every variable that is wrong.
 */
export function parseSettings<R extends SettingsReader = 'any'>(
  env: Env,
  argv: readonly string[] = [],
  options: { readonly for?: R } = {},
): R extends 'gateway' | 'worker' | 'beat' ? Settings & { readonly databaseUrl: string } : Settings {
  const reader = new Reader(env);
  const flags = readWorkerFlags(argv, reader);
  const program: SettingsReader = options.for ?? 'any';
  const mode = reader.value(
    'NODE_ENV',
    '"development", "production" or "test"',
    oneOf('development', 'production', 'test'),
  );
  const settings: Settings = {
    mode: mode ?? 'development',
    logLevel:
      either(
        reader,
        'LOG_LEVEL',
        ['-l', flags.loglevel],
        'one of debug, info, warn, error, silent, trace, fatal',
        levelOf,
      ) ?? 'info',
    dataDir: resolve(reader.text('DATA_DIR') ?? '.lovage'),
    databaseUrl: reader.value('DATABASE_URL', 'postgres://user:password@host:5432/database', databaseUrl),
    brokerUrl: reader.value('BROKER_URL', 'a URL of a broker, such as amqp://user:password@host/vhost', brokerUrl),
    brokerManagementUrl: reader.value(
      'BROKER_MANAGEMENT_URL',
      'http://user:password@host:15672, or https://',
      serverUrl('http', 'https'),
    ),
    deadLetterQueue: reader.value('DEAD_LETTER_QUEUE', `a queue name: ${QUEUE_TEXT_RULE}`, queueName),
    routes: readTaskRoutes(reader),
    celery: readCelerySharedSettings(reader),
    watchCelery: readWatchCelery(reader),
    http: readHttpSettings(reader, mode === 'production'),
    secrets: { jwtSecret: readJwtSecret(reader), admin: readAdmin(reader) },
    worker: {
      queues: either(
        reader,
        'WORKER_QUEUES',
        ['-Q', flags.queues],
        'queue names separated by commas: letters, digits, ". _ -", at most 200 each',
        queueNames,
      ) ?? ['default'],
      concurrency:
        either(
          reader,
          'WORKER_CONCURRENCY',
          ['-c', flags.concurrency],
          'a whole number from 1 to 10000',
          wholeNumber(1, 10_000),
        ) ?? availableParallelism() * 10,
      autoscale: either(
        reader,
        'WORKER_AUTOSCALE',
        ['--autoscale', flags.autoscale],
        'the most and the least tasks at a time, such as 20,2: whole numbers from 1 to 10000, the larger one first',
        bounds(1, 10_000),
      ),
      prefetchMultiplier: either(
        reader,
        'WORKER_PREFETCH_MULTIPLIER',
        ['--prefetch-multiplier', flags['prefetch-multiplier']],
        'a whole number from 1 to 1000',
        wholeNumber(1, 1000),
      ),
      shutdownGrace: graceOf(reader),
      unserved: unservedOf(reader, 'UNSERVED_TIMEOUT'),
      unservedRowless: unservedOf(reader, 'UNSERVED_ROWLESS_TIMEOUT'),
      resultLimit: reader.value(
        'RESULT_LIMIT',
        'a size such as 1048576, 512KB or 20MiB, at most 64MiB',
        bytesUpTo(64 * 1024 ** 2),
      ),
      name:
        either(
          reader,
          'WORKER_NAME',
          ['-n', flags.name],
          'a name such as worker-1@host, without blanks',
          workerName(hostname()),
        ) ?? `worker-${process.pid}@${hostname()}`,
      pool:
        either(
          reader,
          'WORKER_POOL',
          ['-P', flags.pool],
          '"async", "thread" or "process"',
          oneOf('async', 'thread', 'process'),
        ) ?? 'async',
      children: readChildrenSettings(reader),
      celery: readCelerySettings(reader),
      taskLogLevel:
        reader.value(
          'TASK_LOG_LEVEL',
          'one of debug, info, warn, error, off',
          oneOf('debug', 'info', 'warn', 'error', 'off'),
        ) ?? 'info',
      failureLogLevel:
        reader.value('WORKER_FAILURE_LOG_LEVEL', 'one of warn, error, off', oneOf('warn', 'error', 'off')) ?? 'warn',
      metricsPort: reader.value('WORKER_METRICS_PORT', 'a whole number from 0 to 65535', wholeNumber(0, 65_535)),
      healthPort: reader.value('WORKER_HEALTH_PORT', 'a whole number from 0 to 65535', wholeNumber(0, 65_535)),
    },
    files: readFilesSettings(reader),
    mail: readMailSettings(reader),
    webhooks: readWebhookSettings(reader),
    results: readResultsSettings(reader),
    history: readHistorySettings(reader),
  };
  requireFor(program, settings, reader);
  reader.finish();
  return settings as ReturnType<typeof parseSettings<R>>;
}

const levelOf = oneOf<LogLevel>('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent');

const waitFrom = durationFrom('1s', '3650d');

function unservedOf(reader: Reader, name: string): Duration | 'never' | undefined {
  return reader.value(name, 'a duration such as 10m or 1d, at most 3650d, or never', (text) => {
    if (text.toLowerCase() === 'never') return 'never';
    const ms = waitFrom(text);
    return ms === undefined ? undefined : (`${ms}ms` as const);
  });
}

function graceOf(reader: Reader): Duration | undefined {
  const ms = reader.value(
    'WORKER_SHUTDOWN_GRACE',
    'a duration such as 30s or 10m, at most 7d',
    durationFrom('0s', '7d'),
  );
  return ms === undefined ? undefined : `${ms}ms`;
}

/** A flag where it is given, else the variable. */
function either<T>(
  reader: Reader,
  variable: string,
  [flag, given]: readonly [string, string | undefined],
  expected: string,
  parse: (text: string) => T | undefined,
): T | undefined {
  return given === undefined ? reader.value(variable, expected, parse) : reader.parsed(flag, given, expected, parse);
}

function readJwtSecret(reader: Reader): string | undefined {
  const secret = reader.secret('JWT_SECRET');
  if (secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET_BYTES)
    reader.wrong(
      'JWT_SECRET',
      `${Buffer.byteLength(secret)} bytes long`,
      `at least ${MIN_SECRET_BYTES} bytes, drawn at random`,
    );
  return secret;
}

function readAdmin(reader: Reader): Admin | undefined {
  const email = reader.value('ADMIN_EMAIL', 'an e-mail address', emailAddress);
  const password = reader.secret('ADMIN_PASSWORD');
  if (password !== undefined && password.length < MIN_PASSWORD)
    reader.wrong('ADMIN_PASSWORD', `${password.length} characters long`, `at least ${MIN_PASSWORD} characters`);
  if (password === undefined && reader.text('ADMIN_EMAIL') !== undefined)
    reader.missing('ADMIN_PASSWORD', 'set together with ADMIN_EMAIL');
  if (password !== undefined && reader.text('ADMIN_EMAIL') === undefined)
    reader.missing('ADMIN_EMAIL', 'set together with ADMIN_PASSWORD');
  return email !== undefined && password !== undefined ? { email, password } : undefined;
}

function requireFor(program: SettingsReader, settings: Settings, reader: Reader): void {
  const missing = (variable: string, expected: string): void => {
    if (!reader.problems.some((problem) => problem.variable === variable)) reader.missing(variable, expected);
  };
  const isApp = program === 'gateway' || program === 'worker' || program === 'beat';
  if (isApp && settings.databaseUrl === undefined)
    missing(
      'DATABASE_URL',
      'postgres://user:password@host:5432/database; or start through `npm start` or `npx nx serve`, which run a database of their own',
    );
  if (settings.mode !== 'production' || (program !== 'gateway' && program !== 'launcher')) return;
  if (settings.secrets.jwtSecret === undefined)
    missing(
      'JWT_SECRET',
      `at least ${MIN_SECRET_BYTES} bytes, drawn at random, in production (openssl rand -base64 48)`,
    );
  if (settings.secrets.admin === undefined) {
    missing('ADMIN_EMAIL', 'the e-mail address of the first administrator, in production');
    missing('ADMIN_PASSWORD', 'the password of the first administrator, in production');
  }
}
