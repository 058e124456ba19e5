import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { TaskRoutes } from '@lovage/foundation';
import { SettingError } from './setting-error.ts';
import { parseSettings } from './settings.ts';
import type { Env } from './reader.ts';

const problemsOf = (
  env: Env,
  argv: string[] = [],
  program: 'gateway' | 'worker' | 'launcher' | 'any' = 'any',
): string[] => {
  try {
    parseSettings(env, argv, { for: program });
  } catch (error) {
    if (error instanceof SettingError) return error.problems.map((problem) => problem.variable);
    throw error;
  }
  return [];
};

test('an empty environment gives the documented defaults', () => {
  expect(parseSettings({})).toMatchObject({
    mode: 'development',
    logLevel: 'info',
    dataDir: resolve('.lovage'),
    databaseUrl: undefined,
    brokerUrl: undefined,
    http: {
      host: '127.0.0.1',
      port: 8000,
      bodyLimit: 1_048_576,
      corsOrigins: [],
      trustProxy: [],
      submitRate: undefined,
      metricsToken: undefined,
      loadTests: true,
      dashboardDir: undefined,
    },
    watchCelery: true,
    secrets: { jwtSecret: undefined, admin: undefined },
    worker: {
      queues: ['default'],
      concurrency: availableParallelism() * 10,
      pool: 'async',
      children: { slots: undefined, maxTasks: undefined, maxMemoryMb: undefined },
      celery: { events: true, control: true },
      taskLogLevel: 'info',
      failureLogLevel: 'warn',
    },
    files: {
      limit: 104_857_600,
      quota: { userBytes: 1024 ** 3, totalBytes: 10 * 1024 ** 3 },
      retentionMs: Infinity,
      allowHosts: [],
    },
    mail: { smtpUrl: undefined, from: 'lovage@localhost' },
    webhooks: { secrets: {} },
    results: { retentionMs: 7 * 24 * 3600_000, retentionByState: {}, deadLettersMs: 30 * 24 * 3600_000 },
    history: { minutesMs: 30 * 24 * 3600_000, hoursMs: 365 * 24 * 3600_000 },
  });
  expect(parseSettings({}).worker.name).toMatch(new RegExp(`^worker-${process.pid}@.+`));
});

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const OLD_SECRET = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

test('every variable is read', () => {
  const settings = parseSettings({
    NODE_ENV: 'production',
    LOG_LEVEL: 'DEBUG',
    DATA_DIR: '/var/lib/lovage',
    DATABASE_URL: 'postgresql://u:p@db/lovage',
    BROKER_URL: 'amqps://u:p@mq/vhost',
    BROKER_MANAGEMENT_URL: 'https://u:p@mq:15671',
    DEAD_LETTER_QUEUE: 'blue.dead',
    HOST: '0.0.0.0',
    PORT: '0',
    BODY_LIMIT: '2MiB',
    CORS_ORIGINS: 'https://A.example.org, http://localhost:3000/',
    TRUST_PROXY: '10.0.0.5, 172.30.0.0/24,::1,fd00::/8',
    RATE_LIMIT_SUBMIT: '600/1m',
    METRICS_TOKEN: 'm'.repeat(16),
    LOAD_TESTS: 'On',
    WORKER_METRICS_PORT: '9100',
    WORKER_HEALTH_PORT: '9101',
    WORKER_CELERY_EVENTS: 'Off',
    WORKER_CELERY_CONTROL: 'off',
    BEAT_CELERY_EVENTS: 'off',
    TASK_LOG_LEVEL: 'warn',
    WORKER_FAILURE_LOG_LEVEL: 'error',
    ADMIN_EMAIL: 'Root@Example.org',
    ADMIN_PASSWORD: 'correct horse',
    JWT_SECRET: 'x'.repeat(32),
    TASK_ROUTES: 'image.*=images, mail.send = mails,*=rest',
    CELERY_RESULT_BACKEND: 'sentinel://:p@a:26379/1;sentinel://b',
    CELERY_RESULT_EXPIRES: '3600',
    CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS: '{"master_name":"main"}',
    CELERY_QUEUES: 'shared, ml',
    CELERY_TRACK_STARTED: 'On',
    WORKER_QUEUES: 'a, b,a',
    WORKER_CONCURRENCY: '7',
    WORKER_AUTOSCALE: '20, 2',
    WORKER_PREFETCH_MULTIPLIER: '10',
    WORKER_SHUTDOWN_GRACE: '90s',
    UNSERVED_TIMEOUT: '2d',
    UNSERVED_ROWLESS_TIMEOUT: 'Never',
    RESULT_LIMIT: '20MiB',
    WORKER_NAME: 'w1@h',
    WORKER_POOL: 'process',
    WORKER_CHILDREN: '3',
    WORKER_MAX_TASKS_PER_CHILD: '100',
    WORKER_MAX_MEMORY_PER_CHILD: '512',
    FILES_LIMIT: '1TiB',
    FILES_QUOTA: 'None',
    FILES_USER_QUOTA: '5GiB',
    FILES_RETENTION: '30d',
    FILES_ALLOW_HOSTS: 'Files.Internal, 10.0.0.5:8080,[::1]:80',
    SMTP_URL: 'smtps://u:p@mail.example.org',
    MAIL_FROM: 'Lovage <tasks@example.org>',
    WEBHOOK_SECRETS: `orders=${SECRET}, crm=${SECRET},orders=${OLD_SECRET}`,
    RESULT_RETENTION: '36h',
    RESULT_RETENTION_BY_STATE: 'SUCCESS=1d, FAILURE = 30d,DEAD=forever',
    DEAD_LETTER_RETENTION: '90d',
    HISTORY_MINUTES_RETENTION: '36h',
    HISTORY_HOURS_RETENTION: '90d',
  });
  expect(settings).toEqual({
    mode: 'production',
    logLevel: 'debug',
    dataDir: '/var/lib/lovage',
    databaseUrl: 'postgresql://u:p@db/lovage',
    brokerUrl: 'amqps://u:p@mq/vhost',
    brokerManagementUrl: 'https://u:p@mq:15671',
    deadLetterQueue: 'blue.dead',
    routes: expect.any(TaskRoutes),
    celery: {
      backend: {
        url: 'sentinel://:p@a:26379/1;sentinel://b',
        expiresMs: 3_600_000,
        transport: { master_name: 'main' },
      },
      queues: ['shared', 'ml'],
      trackStarted: true,
    },
    watchCelery: false,
    http: {
      host: '0.0.0.0',
      port: 0,
      bodyLimit: 2 * 1024 ** 2,
      corsOrigins: ['https://a.example.org', 'http://localhost:3000'],
      trustProxy: ['10.0.0.5', '172.30.0.0/24', '::1', 'fd00::/8'],
      submitRate: { count: 600, perMs: 60_000 },
      metricsToken: 'm'.repeat(16),
      loadTests: true,
      dashboardDir: undefined,
    },
    secrets: { jwtSecret: 'x'.repeat(32), admin: { email: 'root@example.org', password: 'correct horse' } },
    worker: {
      queues: ['a', 'b'],
      concurrency: 7,
      prefetchMultiplier: 10,
      autoscale: { max: 20, min: 2 },
      shutdownGrace: '90000ms',
      unserved: '172800000ms',
      unservedRowless: 'never',
      resultLimit: 20 * 1024 ** 2,
      name: 'w1@h',
      pool: 'process',
      children: { slots: 3, maxTasks: 100, maxMemoryMb: 512 },
      celery: { events: false, control: false },
      taskLogLevel: 'warn',
      failureLogLevel: 'error',
      metricsPort: 9100,
      healthPort: 9101,
    },
    files: {
      limit: 1024 ** 4,
      quota: { userBytes: 5 * 1024 ** 3, totalBytes: Infinity },
      retentionMs: 30 * 86_400_000,
      allowHosts: ['files.internal', '10.0.0.5:8080', '[::1]:80'],
    },
    mail: { smtpUrl: 'smtps://u:p@mail.example.org', from: 'Lovage <tasks@example.org>' },
    webhooks: { secrets: { orders: [SECRET, OLD_SECRET], crm: [SECRET] } },
    results: {
      retentionMs: 36 * 3600_000,
      retentionByState: { SUCCESS: 24 * 3600_000, FAILURE: 30 * 24 * 3600_000, DEAD: Infinity },
      deadLettersMs: 90 * 24 * 3600_000,
    },
    history: { minutesMs: 36 * 3600_000, hoursMs: 90 * 24 * 3600_000 },
  });
});

test('routes: in order, the first that fits wins', () => {
  const { routes } = parseSettings({ TASK_ROUTES: 'image.*=images, mail.send = mails,*=rest' });
  expect(['image.scale', 'mail.send', 'mail.sends', 'image'].map((name) => routes.of(name)?.queue)).toEqual([
    'images',
    'mails',
    'rest',
    'rest',
  ]);
  expect(parseSettings({}).routes.of('image.scale')).toBeUndefined();
});

test('a wrong route is told by its number', () => {
  expect(() => parseSettings({ TASK_ROUTES: 'a.b=q,a.c=not a queue' })).toThrow(/TASK_ROUTES is "a.c=not a queue"/);
  expect(() => parseSettings({ TASK_ROUTES: 'a.b=q, a(b=q' })).toThrow(/TASK_ROUTES is wrong in rule 2 \("a\(b"/);
  expect(() => parseSettings({ TASK_ROUTES: '*=q,a.b=r' })).toThrow(/rule 2 .*never reached/);
});

test('an empty text is a variable not set', () => {
  expect(parseSettings({ PORT: '', DATABASE_URL: ' ', ADMIN_EMAIL: '', ADMIN_PASSWORD: '', JWT_SECRET: '' })).toEqual(
    parseSettings({}),
  );
});

test('the flags of a worker win over its variables', () => {
  const { worker, logLevel } = parseSettings(
    { WORKER_QUEUES: 'a', WORKER_CONCURRENCY: '1', WORKER_NAME: 'w@h', LOG_LEVEL: 'error' },
    ['-Q', 'b,c', '-c', '3', '-n', 'mine@here', '-l', 'warn', '-P', 'thread'],
  );
  expect(worker).toEqual({
    queues: ['b', 'c'],
    concurrency: 3,
    name: 'mine@here',
    pool: 'thread',
    children: {},
    celery: { events: true, control: true },
    taskLogLevel: 'info',
    failureLogLevel: 'warn',
  });
  expect(logLevel).toBe('warn');
  expect(parseSettings({}, ['--queues=x', '--concurrency=2']).worker).toMatchObject({ queues: ['x'], concurrency: 2 });
  expect(parseSettings({ WORKER_PREFETCH_MULTIPLIER: '9' }, ['--prefetch-multiplier', '1']).worker).toMatchObject({
    prefetchMultiplier: 1,
  });
  expect(parseSettings({ WORKER_AUTOSCALE: '9,1' }, ['--autoscale', '8,2']).worker.autoscale).toEqual({
    max: 8,
    min: 2,
  });
  for (const text of ['2,20', '5', '5,0', '1,1,1', 'a,b', '-1,1'])
    expect(() => parseSettings({ WORKER_AUTOSCALE: text })).toThrow(/WORKER_AUTOSCALE/);
  expect(parseSettings({}, ['-n', 'w1']).worker.name).toMatch(/^w1@.+/);
});

test('a wrong rule of retention says which one and why', () => {
  const parse = (text: string) => () => parseSettings({ RESULT_RETENTION_BY_STATE: text });
  expect(parse('SUCCESS=1d,FAILED=30d')).toThrow(
    /RESULT_RETENTION_BY_STATE is wrong in "FAILED=30d" \(FAILED is no state that a task ends in: SUCCESS, FAILURE/,
  );
  expect(parse('SUCCESS=1d,DEAD=10s')).toThrow(/wrong in "DEAD=10s"; it should be such as .*from 1m to 3650d/);
  expect(parse('DEAD=1d,DEAD=2d')).toThrow(/DEAD stands in it twice/);
});

test('a wrong flag is named', () => {
  expect(problemsOf({}, ['-c', 'many'])).toEqual(['-c']);
  expect(problemsOf({}, ['-P', 'prefork'])).toEqual(['-P']);
  expect(problemsOf({}, ['--nonsense'])).toEqual(['the command line']);
});

test('all problems are told at once, each with what it should be', () => {
  const wrong = {
    NODE_ENV: 'prod',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://db/lovage',
    BROKER_URL: 'rabbit.internal',
    BROKER_MANAGEMENT_URL: 'amqp://mq',
    PORT: '70000',
    BODY_LIMIT: 'big',
    ADMIN_EMAIL: 'nobody',
    ADMIN_PASSWORD: 'short',
    JWT_SECRET: 'short',
    TASK_ROUTES: 'a.*',
    WORKER_QUEUES: 'a b',
    WORKER_CONCURRENCY: '0',
    WORKER_NAME: 'a b',
    WORKER_POOL: 'gevent',
    WORKER_CHILDREN: '0',
    WORKER_MAX_TASKS_PER_CHILD: 'many',
    WORKER_MAX_MEMORY_PER_CHILD: '512MB',
    FILES_LIMIT: '0',
    FILES_QUOTA: '0',
    FILES_USER_QUOTA: 'all',
    FILES_RETENTION: '30',
    FILES_ALLOW_HOSTS: 'http://files.internal',
    SMTP_URL: 'http://mail',
    MAIL_FROM: 'nobody',
    RESULT_RETENTION: '7',
    RESULT_RETENTION_BY_STATE: 'SUCCESS',
  };
  expect(problemsOf(wrong).sort()).toEqual(Object.keys(wrong).sort());
  expect(() => parseSettings(wrong)).toThrow(/PORT is "70000"; it should be a whole number from 0 to 65535/);
});

test.each([
  [{ PORT: '1.5' }, { PORT: '-1' }, { PORT: 'x' }, { PORT: '65536' }],
  [{ DATABASE_URL: 'postgres://host' }, { DATABASE_URL: 'not a url' }, { DATABASE_URL: 'postgres:///db' }],
  [{ BODY_LIMIT: '0' }, { BODY_LIMIT: '2GiB' }, { BODY_LIMIT: '1TB' }],
  [{ FILES_LIMIT: '2TiB' }, { FILES_LIMIT: '-1' }],
  [{ FILES_QUOTA: '1025TiB' }, { FILES_RETENTION: '59m' }, { FILES_RETENTION: 'never' }],
  [
    { CORS_ORIGINS: 'app.example.org' },
    { CORS_ORIGINS: 'https://a.example.org/app' },
    { CORS_ORIGINS: 'https://a.example.org,' },
    { CORS_ORIGINS: 'file:///a' },
    { CORS_ORIGINS: '*,https://a.example.org' },
  ],
  [
    { TRUST_PROXY: 'nginx' },
    { TRUST_PROXY: '1' },
    { TRUST_PROXY: 'true' },
    { TRUST_PROXY: '*' },
    { TRUST_PROXY: '0.0.0.0/0' },
    { TRUST_PROXY: '::/0' },
    { TRUST_PROXY: '10.0.0.0/33' },
    { TRUST_PROXY: '10.0.0.5:8080' },
    { TRUST_PROXY: '10.0.0.5,' },
  ],
  [
    { RATE_LIMIT_SUBMIT: '10' },
    { RATE_LIMIT_SUBMIT: '0/1s' },
    { RATE_LIMIT_SUBMIT: '10/0s' },
    { RATE_LIMIT_SUBMIT: '10/s' },
    { RATE_LIMIT_SUBMIT: '10/2d' },
  ],
  [{ LOAD_TESTS: 'yes' }],
  [{ METRICS_TOKEN: 'short' }, { METRICS_TOKEN: 'with blanks in the middle' }],
  [
    { WORKER_PREFETCH_MULTIPLIER: '0' },
    { WORKER_PREFETCH_MULTIPLIER: '1.5' },
    { WORKER_SHUTDOWN_GRACE: '30' },
    { WORKER_SHUTDOWN_GRACE: '8d' },
  ],
  [{ UNSERVED_TIMEOUT: '0s' }, { UNSERVED_TIMEOUT: 'soon' }, { UNSERVED_ROWLESS_TIMEOUT: '4000d' }],
  [
    { WORKER_METRICS_PORT: '-1' },
    { WORKER_HEALTH_PORT: '65536' },
    { WORKER_CELERY_EVENTS: 'maybe' },
    { WORKER_CELERY_CONTROL: '1' },
    { BEAT_CELERY_EVENTS: 'none' },
    { TASK_LOG_LEVEL: 'loud' },
    { WORKER_FAILURE_LOG_LEVEL: 'info' },
  ],
  [
    { DEAD_LETTER_QUEUE: 'a b' },
    { DEAD_LETTER_RETENTION: '0s' },
    { DEAD_LETTER_RETENTION: 'forever' },
    { RESULT_RETENTION: '0s' },
    { RESULT_RETENTION: '59s' },
    { RESULT_RETENTION: '3651d' },
    { RESULT_RETENTION: 'soon' },
    { RESULT_RETENTION: 'forever' },
  ],
  [
    { RESULT_RETENTION_BY_STATE: '7d' },
    { RESULT_RETENTION_BY_STATE: 'SUCCESS=' },
    { RESULT_RETENTION_BY_STATE: 'SUCCESS=1d,' },
    { RESULT_RETENTION_BY_STATE: 'SUCCESS=1' },
    { RESULT_RETENTION_BY_STATE: 'SUCCESS=59s' },
    { RESULT_RETENTION_BY_STATE: 'SUCCESS=never' },
    { RESULT_RETENTION_BY_STATE: 'STARTED=1d' },
    { RESULT_RETENTION_BY_STATE: 'toString=1d' },
    { RESULT_RETENTION_BY_STATE: 'DEAD=1d,DEAD=2d' },
  ],
  [
    { FILES_ALLOW_HOSTS: 'a,,b' },
    { FILES_ALLOW_HOSTS: 'u@h' },
    { FILES_ALLOW_HOSTS: 'h:99999' },
    { WEBHOOK_SECRETS: 'orders' },
    { WEBHOOK_SECRETS: 'orders=whsec_c2hvcnQ=' },
    { WEBHOOK_SECRETS: `Orders=${SECRET}` },
    { WEBHOOK_SECRETS: `orders=${SECRET},` },
    { FILES_ALLOW_HOSTS: '::1' },
  ],
  [{ MAIL_FROM: 'a@b\nBcc: c@d' }, { MAIL_FROM: 'A\r\nX: y <a@b>' }, { MAIL_FROM: 'a b@c' }],
  [
    { TASK_ROUTES: ',' },
    { TASK_ROUTES: 'a.b=' },
    { TASK_ROUTES: '=q' },
    { TASK_ROUTES: 'a.b=q,' },
    { TASK_ROUTES: 'a.b=.q' },
    { TASK_ROUTES: 'a b=q' },
    { TASK_ROUTES: 'a.b=q,a.b=r' },
    { TASK_ROUTES: '*=q,a.b=r' },
  ],
  [{ WORKER_QUEUES: ',' }, { WORKER_QUEUES: 'a,,b' }, { WORKER_QUEUES: '.a' }, { WORKER_QUEUES: 'x'.repeat(201) }],
])('texts that will not do: %j …', (...envs) => {
  for (const env of envs) expect(problemsOf(env as Env)).toEqual(Object.keys(env));
});

test('messages repeat no secret', () => {
  const error = (() => {
    try {
      parseSettings({
        DATABASE_URL: 'mysql://u:hunter2@db/x',
        BROKER_URL: 'hunter2 is no url://',
        ADMIN_PASSWORD: 'hunter2',
        JWT_SECRET: 'hunter2',
        WEBHOOK_SECRETS: 'orders=hunter2',
      });
    } catch (thrown) {
      return thrown as Error;
    }
    return new Error('nothing was thrown');
  })();
  expect(error).toBeInstanceOf(SettingError);
  expect(error.message).not.toContain('hunter2');
});

test.each([
  { SMTP_URL: 'smtp:/me:hunter2@mail' },
  { SMTP_URL: 'me:hunter2@mail:587' },
  { SMTP_URL: '"smtp://me:hunter2@mail"' },
  { SMTP_URL: 'smtp//hunter2' },
  { DATABASE_URL: 'postgres:u:hunter2@db/x' },
  { DATABASE_URL: 'postgres://u:hunter2/2@db/x' },
  { BROKER_URL: 'amqp://u:hunter2#@broker' },
  { FILES_ALLOW_HOSTS: 'http:/u:hunter2@files' },
])('an invalid URL is not repeated: %j', (env) => {
  let message = '';
  try {
    parseSettings(env as Env);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain(Object.keys(env)[0]);
  expect(message).not.toContain('hunter2');
});

test('administrator: both or none', () => {
  expect(problemsOf({ ADMIN_EMAIL: 'a@b.c' })).toEqual(['ADMIN_PASSWORD']);
  expect(problemsOf({ ADMIN_PASSWORD: 'long enough' })).toEqual(['ADMIN_EMAIL']);
});

test('an app needs a database; only what holds the secrets needs them in production', () => {
  const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/lovage' };
  expect(problemsOf({}, [], 'worker')).toEqual(['DATABASE_URL']);
  expect(problemsOf({}, [], 'launcher')).toEqual([]);
  expect(problemsOf(production, [], 'worker')).toEqual([]);
  expect(problemsOf(production, [], 'gateway')).toEqual(['JWT_SECRET', 'ADMIN_EMAIL', 'ADMIN_PASSWORD']);
  expect(problemsOf({ ...production, JWT_SECRET: 'x'.repeat(31) }, [], 'launcher')[0]).toBe('JWT_SECRET');
});
