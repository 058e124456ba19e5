import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { repoText } from '../testing/repo-files.ts';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly mem_limit?: string;
  readonly pids_limit?: string | number;
}
interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
}

const compose = (file: string): ComposeFile => parse(repoText(file), { merge: true }) as ComposeFile;

/** Settings that a deployment by Compose does not choose, and what chooses them. */
const NOT_CHOSEN: Readonly<Record<string, string>> = {
  DATABASE_URL: 'the service postgres',
  BROKER_URL: 'the service rabbitmq',
  HOST: 'the network',
  PORT: 'the network',
  WORKER_HEALTH_PORT: 'the health check of the image',
  NODE_ENV: 'production',
  DATA_DIR: 'the volume',
  DASHBOARD_DIR: 'the image',
  WORKER_NAME: 'a container of each worker',
  TRUST_PROXY: 'the network of nginx',
};

/** What `.env.example` shows: each setting with its default, empty where it is not set. */
const settings = new Map(
  [...repoText('.env.example').matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
);

/** Variables that the environments of a service's kind take over, each with its default; undefined: it must be set. */
function taken(services: readonly string[]): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const service of services)
    for (const [name, text] of Object.entries(compose('docker-compose.yml').services[service]!.environment!)) {
      const [, variable, fallback] = /^\$\{(\w+)(?::-(.*)|:\?.*)\}$/s.exec(text) ?? [];
      if (variable === name) found.set(name, fallback);
    }
  return found;
}

// https://github.com/compose-spec/compose-spec, schema/compose-spec.json as of 23 June 2026 (Apache-2.0).
const schema = JSON.parse(repoText('tools/src/testing/compose-spec.json')) as Record<string, unknown>;
const valid = new Ajv({
  strict: false,
  allErrors: true,
  formats: { duration: true, ports: true, expose: true, subnet_ip_address: true },
}).compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' });

test.each(['docker-compose.yml', 'docker-compose.services.yml', 'deploy/compose.redis.yml'])(
  '%s is what Compose takes',
  (file) => {
    const document = compose(file);
    expect([valid(document), valid.errors]).toEqual([true, null]);
  },
);

test('the schema refuses what Compose would', () => {
  expect(valid({ services: { app: { image: 'x', restarts: 'always' } } })).toBe(false);
});

test('every setting can be set for a deployment, with the default that is documented', () => {
  const named = taken(['gateway', 'worker', 'beat']);
  const all = [...named.keys(), ...Object.keys(NOT_CHOSEN)];
  // A new setting: name it in docker-compose.yml for the apps that read it, and in the table of docs/deploy.md.
  expect(all.sort()).toEqual([...settings.keys()].sort());
  for (const [name, fallback] of named)
    if (fallback !== undefined) expect([name, fallback]).toEqual([name, settings.get(name)]);
  const page = repoText('docs/deploy.md');
  expect([...named.keys()].filter((name) => !page.includes(`\`${name}\``) && !page.includes(`\n${name}=`))).toEqual([]);
});

test('secrets reach only who needs them', () => {
  expect([...taken(['worker', 'beat', 'nginx']).keys()].filter((name) => /JWT|ADMIN/.test(name))).toEqual([]);
});

test('the gateway believes the network of nginx, in which no app but gateways is', () => {
  const file = compose('docker-compose.yml') as ComposeFile & {
    readonly services: Record<string, { readonly networks: readonly string[] }>;
    readonly networks: { readonly front: { readonly ipam: { readonly config: readonly { subnet: string }[] } } };
  };
  expect(file.services['gateway']!.environment!['TRUST_PROXY']).toBe(file.networks.front.ipam.config[0]!.subnet);
  const inside = Object.keys(file.services).filter((name) => file.services[name]!.networks.includes('front'));
  expect(inside.sort()).toEqual(['gateway', 'nginx']);
});

const FILES = ['docker-compose.yml', 'docker-compose.services.yml'];

test.each(FILES)('%s: each service has a limit of memory and of processes', (file) => {
  for (const [name, { mem_limit, pids_limit }] of Object.entries(compose(file).services)) {
    expect([name, mem_limit]).toEqual([name, expect.stringMatching(/^(\d+[mg]|\$\{[A-Z]+_MEMORY:-\d+[mg]\})$/)]);
    expect([name, String(pids_limit)]).toEqual([name, expect.stringMatching(/^(\d+|\$\{[A-Z]+_PIDS:-\d+\})$/)]);
  }
});

// Series that their makers supported in November 2026; docs/deploy.md says them too.
const SUPPORTED = /^(nginx:1\.30|postgres:15|rabbitmq:4\.3|redis:8)-/;

test.each(FILES)('%s: images of others are of supported series', (file) => {
  for (const { image } of Object.values(compose(file).services))
    if (!image.startsWith('${')) expect(image).toMatch(SUPPORTED);
});

test('the apps log in with the rights to rows, and the owner of the tables is for migrations alone', () => {
  const { services } = compose('docker-compose.yml');
  const role = (name: string) =>
    new URL(services[name]!.environment!['DATABASE_URL']!.replace(/\$\{.*\}/, 'x')).username;
  expect(['gateway', 'worker', 'beat', 'migrate'].map(role)).toEqual([
    'lovage_app',
    'lovage_app',
    'lovage_app',
    'lovage',
  ]);
  expect(services['migrate']!.environment!['APP_DATABASE_ROLE']).toBe('lovage_app');
  const ofApps = JSON.stringify(['gateway', 'worker', 'beat'].map((name) => services[name]));
  expect(ofApps).not.toContain('POSTGRES_PASSWORD');
});
