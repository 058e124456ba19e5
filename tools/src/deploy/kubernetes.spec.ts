import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { containersOf, kustomize, type KubeObject } from '../testing/kustomize.ts';
import { repoText } from '../testing/repo-files.ts';
import { allows, namespaces, type Peer } from '../testing/network-policies.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const require = createRequire(import.meta.url);
const OVERLAYS = ['dev', 'production', 'production-keda'];
const FOLDERS = [...OVERLAYS, 'base', 'worker', 'components/workers-images/class', 'components/keda-rabbitmq'];
const built = new Map(FOLDERS.map((folder) => [folder, kustomize(`deploy/k8s/${folder}`)]));
const all = [...built.entries()].flatMap(([folder, objects]) =>
  objects.map((object) => [`${folder}: ${object.kind} ${object.metadata.name}`, object] as const),
);
const pods = all.filter(([, object]) => containersOf(object).length > 0);
const ours = pods.filter(
  ([, object]) => object['spec'].template.metadata.labels['app.kubernetes.io/name'] === 'lovage',
);
const one = (folder: string, kind: string, name: string): KubeObject =>
  built.get(folder)!.find((object) => object.kind === kind && object.metadata.name === name)!;

type Model = new (object: KubeObject) => { validate(): void };
/**
 * Schemas of Kubernetes 1.33 (kubernetes-models 4.5.1: it knows the tolerance of an autoscaler, and no field of 1.34) and of KEDA 2.10.1
 * (@kubernetes-models/keda 0.4.2).
 */
function modelOf({ apiVersion, kind }: KubeObject): Model {
  const home = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  return (require(`${home}/${apiVersion}`) as Record<string, Model>)[kind]!;
}

test.each(all)('%s fits its published schema', (_, object) => {
  const Model = modelOf(object);
  expect(() => new Model(object).validate()).not.toThrow();
  expect(() => new Model({ ...object, spec: 'none', data: 1 }).validate()).toThrow();
});

// The real one is not to be had everywhere; where it is, ours is held to it.
const kubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
(kubectl ? test : test.skip).each(OVERLAYS)('%s is built as kustomize builds it', (overlay) => {
  const { stdout, stderr } = spawnSync('kubectl', ['kustomize', `deploy/k8s/${overlay}`], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const byName = (objects: readonly KubeObject[]) =>
    Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
  expect(byName(built.get(overlay)!)).toEqual(
    byName(parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject)),
  );
});

test.each(pods)('%s runs without rights', (_, object) => {
  const { spec } = object['spec'].template;
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  });
  for (const { securityContext, resources } of containersOf(object)) {
    expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    expect(resources).toEqual({
      requests: { cpu: expect.any(String), memory: expect.any(String) },
      limits: { memory: expect.any(String) },
    });
  }
});

test.each(ours)('%s writes to its volumes alone and names no secret', (_, object) => {
  for (const { securityContext, env } of containersOf(object)) {
    expect(securityContext.readOnlyRootFilesystem).toBe(true);
    for (const { name, value } of env ?? [])
      if (/URL|PASSWORD|SECRET|TOKEN|EMAIL/.test(name)) expect(value).toBeUndefined();
  }
});

test('no secret is in a file', () => {
  expect(all.filter(([, { kind }]) => kind === 'Secret')).toEqual([]);
  for (const [, { kind, data }] of all)
    if (kind === 'ConfigMap') expect(Object.keys(data as object).join()).not.toMatch(/URL|PASSWORD|SECRET|TOKEN/);
});

test.each(OVERLAYS)('%s: selectors choose pods of one deployment, and what is referred to is there', (overlay) => {
  const objects = built.get(overlay)!;
  const named = (kind: string, name: string) => objects.some((o) => o.kind === kind && o.metadata.name === name);
  for (const object of objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')) {
    const { selector, template } = object['spec'];
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    for (const volume of template.spec.volumes ?? [])
      if (volume.persistentVolumeClaim)
        expect(named('PersistentVolumeClaim', volume.persistentVolumeClaim.claimName)).toBe(true);
    for (const { envFrom = [] } of containersOf(object))
      for (const { configMapRef } of envFrom) expect(named('ConfigMap', configMapRef.name)).toBe(true);
  }
  for (const { spec } of objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject'))
    expect(named('Deployment', spec.scaleTargetRef.name)).toBe(true);
  for (const { spec } of objects.filter(({ kind }) => kind === 'Ingress'))
    for (const { backend } of spec.rules[0].http.paths) expect(named('Service', backend.service.name)).toBe(true);
});

test('two classes of workers do not choose each other’s pods', () => {
  const of = (folder: string, name: string) => one(folder, 'Deployment', name)['spec'];
  const [all, images] = [of('base', 'worker'), of('components/workers-images/class', 'worker-images')];
  expect(images.template.metadata.labels).not.toMatchObject(all.selector.matchLabels);
  expect(images.template.spec.topologySpreadConstraints[0].labelSelector).toEqual(images.selector);
  expect(images.template.spec.containers[0].env).toContainEqual({ name: 'WORKER_QUEUES', value: 'images' });
});

test('a worker is killed 15 s after its own deadline: one number', () => {
  const grace = /^(\d+)s$/.exec(one('base', 'ConfigMap', 'lovage')['data'].WORKER_SHUTDOWN_GRACE as string)!;
  for (const [folder, name] of [
    ['base', 'worker'],
    ['components/workers-images/class', 'worker-images'],
  ] as const)
    expect(one(folder, 'Deployment', name)['spec'].template.spec.terminationGracePeriodSeconds).toBe(
      Number(grace[1]) + 15,
    );
});

test('every app waits for the migrations of its version; only their job is the owner', () => {
  const owners = ours.filter(([, object]) => JSON.stringify(object).includes('"lovage-owner"'));
  expect([...new Set(owners.map(([, { kind, metadata }]) => `${kind} ${metadata.name}`))]).toEqual(['Job migrate']);
  for (const [, object] of ours)
    if (object.kind === 'Deployment')
      expect(containersOf(object)[0]).toMatchObject({ name: 'migrated', command: ['node', 'deploy/migrated.mjs'] });
});

test('settings are those that there are', () => {
  const settings = repoText('.env.example');
  const names = [
    ...Object.keys(one('base', 'ConfigMap', 'lovage')['data'] as object),
    ...ours.flatMap(([, object]) => containersOf(object).flatMap(({ env = [] }) => env.map(({ name }) => name))),
  ].filter((name) => name !== 'APP_DATABASE_PASSWORD');
  for (const name of new Set(names)) expect(settings).toMatch(new RegExp(`^# ${name}=`, 'm'));
});

test('bodies are as large as nginx and the gateway take them, and events are not held back', () => {
  const of = (name: string) => one('base', 'Ingress', name).metadata.annotations!;
  const annotation = (name: string, field: string) => of(name)[`nginx.ingress.kubernetes.io/${field}`];
  const { BODY_LIMIT, FILES_LIMIT } = one('base', 'ConfigMap', 'lovage')['data'] as Record<string, string>;
  expect([BODY_LIMIT, annotation('lovage', 'proxy-body-size')]).toEqual(['1MiB', '1m']);
  expect([FILES_LIMIT, annotation('lovage-files', 'proxy-body-size')]).toEqual([
    '100MiB',
    String(100 * 1024 ** 2 + 65536),
  ]);
  expect(annotation('lovage-events', 'proxy-buffering')).toBe('off');
  expect(annotation('lovage-events', 'proxy-read-timeout')).toBe('3600');
  const [{ path }] = one('base', 'Ingress', 'lovage-events')['spec'].rules[0].http.paths;
  expect(repoText('deploy/nginx/nginx.conf.template')).toContain(path.replace('/api/(?:live|', '^/api/(?:live|'));
});

const pod = (component: string, more: Record<string, string> = {}): Peer => ({
  namespace: 'lovage',
  labels: { 'app.kubernetes.io/name': 'lovage', 'app.kubernetes.io/component': component, ...more },
});
const server = (name: string): Peer => ({ namespace: 'lovage', labels: { 'app.kubernetes.io/name': name } });
const address = (ip: string): Peer => ({ address: ip });
const peers: Record<string, Peer> = {
  gateway: pod('gateway'),
  worker: pod('worker', { 'lovage/class': 'images' }),
  beat: pod('beat'),
  migrate: pod('migrate'),
  ingress: { namespace: 'ingress-nginx', labels: { app: 'controller' } },
  keda: { namespace: 'keda', labels: { app: 'keda-operator' } },
  stranger: { namespace: 'default', labels: { app: 'stranger' } },
  dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  postgres: server('postgres'),
  rabbitmq: server('rabbitmq'),
  redis: server('redis'),
  servers: address('192.0.2.7'),
  world: address('198.51.100.7'),
  metadata: address('169.254.169.254'),
  cluster: address('10.96.0.1'),
};
/** Who may speak to whom, at which TCP port; all else may not. */
const TABLE: Record<string, readonly string[]> = {
  dev: [
    ...['gateway', 'worker', 'beat', 'migrate'].flatMap((from) => [`${from} dns 53`, `${from} postgres 5432`]),
    ...['gateway', 'worker', 'beat'].map((from) => `${from} rabbitmq 5672`),
    'worker redis 6379',
    ...['servers', 'world'].flatMap((to) => [`worker ${to} 443`, `worker ${to} 587`]),
    'ingress gateway 8000',
  ],
  production: [
    ...['gateway', 'worker', 'beat', 'migrate'].flatMap((from) => [`${from} dns 53`, `${from} servers 5432`]),
    ...['gateway', 'worker', 'beat'].map((from) => `${from} servers 5672`),
    ...['servers', 'world'].flatMap((to) => [`worker ${to} 443`, `worker ${to} 587`]),
    'ingress gateway 8000',
  ],
};
TABLE['production-keda'] = [...TABLE['production']!, 'keda gateway 8000'];

test.each(OVERLAYS)('%s: pods reach whom they need, and nobody else', (overlay) => {
  const policies = built.get(overlay)!.filter(({ kind }) => kind === 'NetworkPolicy');
  expect(namespaces(policies)).toEqual(['lovage']);
  const found: string[] = [];
  for (const [from, source] of Object.entries(peers))
    for (const [to, target] of Object.entries(peers))
      for (const port of [22, 53, 443, 587, 5432, 5672, 6379, 8000, 9101, 15672])
        if (
          from !== to &&
          'labels' in source &&
          [source, target].some((p) => 'labels' in p && p.namespace === 'lovage')
        )
          if (allows(policies, source, target, port)) found.push(`${from} ${to} ${port}`);
  expect(found.sort()).toEqual([...TABLE[overlay]!].sort());
});
